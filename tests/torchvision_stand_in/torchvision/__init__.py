"""What EasyOCR's recogniser needs of torchvision, which is compiled for one PyTorch, and often not for the one here."""
