"""OpenCode: its wire, and its server inside a sandbox."""
