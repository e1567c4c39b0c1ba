"""Reads archives of images without labels, and keeps what is read as labels."""
