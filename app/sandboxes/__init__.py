"""The machines: one for every thread."""
