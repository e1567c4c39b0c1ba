"""The target `easyocr`: a recogniser for EasyOCR."""
