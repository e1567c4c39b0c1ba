"""Names of the tensors and nodes that quantization adds to a graph."""

from __future__ import annotations

from crnn_deploy.onnx_graph.reserved_names import ReservedNames

RESERVED = ReservedNames("int8::", "quantization")
"""What no name in a graph begins with before it is quantized; `prepare` refuses one where it does."""

made = RESERVED.made
