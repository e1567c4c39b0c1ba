"""What all rooms that read or edit ONNX graphs share."""
