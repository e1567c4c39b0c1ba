"""Sources of images: one file for each layout on disk, and the function that recognises the layout."""
