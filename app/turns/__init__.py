"""The heart: what one person asked, and everything that happens until they have the answer."""
