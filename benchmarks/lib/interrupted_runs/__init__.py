"""Runs that are killed, or whose disk is full."""
