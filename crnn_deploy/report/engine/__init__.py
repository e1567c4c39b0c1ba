"""The report of one engine build: terminal tables."""
