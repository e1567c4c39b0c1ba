"""Pages are found, read and written, from images, TIFFs of several pages and PDFs."""

from __future__ import annotations
