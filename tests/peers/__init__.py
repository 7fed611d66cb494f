"""Discords that others wrote, behind the same small face as our own simulator."""
