"""Third-party ONNX models, brought into the form that every stage takes."""
