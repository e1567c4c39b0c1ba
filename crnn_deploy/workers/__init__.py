"""Shares work among processes on this machine, or among the machines of a Ray cluster."""
