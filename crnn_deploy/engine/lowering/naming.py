"""Names of the tensors and nodes that lowering adds to a graph."""

from __future__ import annotations

from crnn_deploy.onnx_graph.reserved_names import ReservedNames

RESERVED = ReservedNames("engine::", "lowering")
"""What no name in a graph begins with before it is lowered."""

made = RESERVED.made
