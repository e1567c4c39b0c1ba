"""The target `web`: a static page over onnxruntime-web. The files that are copied lie beside it."""
