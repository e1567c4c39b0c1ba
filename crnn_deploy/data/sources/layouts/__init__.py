"""Layouts of label files: one file for each."""
