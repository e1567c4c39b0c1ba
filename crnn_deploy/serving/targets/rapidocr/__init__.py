"""The target `rapidocr`: a recogniser for RapidOCR."""
