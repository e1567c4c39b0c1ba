"""Distorts training pictures as printers, scanners, cameras and careless crops do."""
