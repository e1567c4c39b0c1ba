"""The opset of a model and the attributes of a node."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from crnn_deploy.onnx_graph.operators import STANDARD_DOMAINS


def opset_of(model: onnx.ModelProto) -> int:
    """The version of standard ONNX that a model uses."""
    return int(next(entry.version for entry in model.opset_import if entry.domain in STANDARD_DOMAINS))


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """The values of a node's attributes, by name; strings as bytes."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
