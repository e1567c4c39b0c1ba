"""Networks, of which EasyOCR's recogniser uses none."""
