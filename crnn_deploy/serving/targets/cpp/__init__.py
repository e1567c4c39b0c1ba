"""The target `cpp`: a CMake project over ONNX Runtime's C interface. What is copied lies in `project/`."""
