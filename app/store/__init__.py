"""The memory: SQLite behind verbs."""
