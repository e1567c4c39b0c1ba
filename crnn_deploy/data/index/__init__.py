"""What is known of all images of a source, so that none is opened again to learn it."""
