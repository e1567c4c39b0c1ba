"""Limits on what a file can claim about itself.

A claim is checked here before memory or time is spent on it, so that a file that lies is refused in under a second.
The limits are far above what real models and data sets need. Sizes are in bytes unless the name says otherwise.
"""

from __future__ import annotations

IMAGE_PIXELS = 2**26
"""Pixels of an image, from its header: a sheet of A3 at 600 dpi has about as many."""

LINE_PIECES = 16
"""Pieces that a line is cut into; what is longer is squeezed."""
