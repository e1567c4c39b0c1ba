"""ONNX graphs: operators, wiring, edits and names that all packages share."""
