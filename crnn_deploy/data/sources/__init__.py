"""Where images come from: one file for each layout on disk, and the function that tells them apart."""
