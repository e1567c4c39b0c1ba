"""Images of whole pages with the lines in them: PAGE and ALTO XML."""
