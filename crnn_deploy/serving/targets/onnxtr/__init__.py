"""The target `onnxtr`: a recogniser for OnnxTR."""
