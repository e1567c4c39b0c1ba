"""The target `node`: a module for Node.js over onnxruntime-node. The files that are copied lie beside it."""
