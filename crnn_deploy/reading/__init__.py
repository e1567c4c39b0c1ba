"""From images to text: how a finished model reads."""
