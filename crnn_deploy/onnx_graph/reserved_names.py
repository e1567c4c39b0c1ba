"""Names that are reserved for what an edit adds to a graph, so that they clash with none of the model's."""

from __future__ import annotations

from dataclasses import dataclass

import onnx

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.wiring import nested


@dataclass(frozen=True)
class ReservedNames:
    """All names that begin with `prefix`, reserved for what `editor` adds to a graph."""

    prefix: str
    editor: str

    def name_for(self, role: str, name: str) -> str:
        """The name of what has `role` for the tensor or node `name`. Different arguments give different names."""
        return f"{self.prefix}{role}::{name}"

    def refuse_in(self, graph: onnx.GraphProto) -> None:
        """Refuse a graph that has such a name already, at any depth.

        Raises:
            InputError: if it has one.
        """
        for part in nested(graph):
            named = (*part.input, *part.initializer, *part.node)
            names = (*(item.name for item in named), *(name for node in part.node for name in node.output))
            for name in names:
                if name.startswith(self.prefix):
                    raise InputError(
                        f"The model has a tensor or node named {name}.",
                        f"Names that begin with {self.prefix} are kept for what {self.editor} adds.",
                        "Rename it.",
                    )


INT8_NAMES = ReservedNames("int8::", "quantization")
"""Names of the tensors and nodes that quantization adds."""

LOWERING_NAMES = ReservedNames("engine::", "lowering")
"""Names of the tensors and nodes that lowering for TensorRT adds."""
