"""The report of one quantization: terminal tables, HTML page, JSON."""
