"""Discord: its wire, and its REST client."""
