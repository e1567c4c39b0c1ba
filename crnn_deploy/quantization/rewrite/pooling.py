"""Pool what a convolution in FP32 gives before it becomes INT8."""

from __future__ import annotations

import onnx

from crnn_deploy.onnx_graph.wiring import Wiring
from crnn_deploy.quantization.rewrite.plan import Plan


def pool_before_relu(graph: onnx.GraphProto, plan: Plan) -> None:
    """Exchange each ReLU and the maximum pooling after it, in place, where their convolution stays in FP32.

    The result is the same, as a ReLU keeps the order of numbers. ONNX Runtime moves the rounding to INT8 in front of a
    pooling and takes the maximum of bytes by a general kernel: 105 µs for 32 channels of 28×28 pixels, where its FP32
    kernel takes 5 µs behind the convolution. It does not move the rounding in front of a ReLU.
    """
    wiring = Wiring(graph)
    for conv in graph.node:
        if conv.op_type != "Conv" or conv.name in plan:
            continue
        settled = wiring.settled(conv)
        readers = wiring.consumers(settled)
        alone = len(readers) == 1 and settled not in wiring.outputs
        if settled != conv.output[0] and alone and readers[0].op_type == "MaxPool" and len(readers[0].output) == 1:
            _exchange(wiring.consumers(conv.output[0])[0], readers[0])


def _exchange(first: onnx.NodeProto, second: onnx.NodeProto) -> None:
    """Let two nodes, the second of which reads the first, compute in the other order; tensors keep their names."""
    before = onnx.NodeProto()
    before.CopyFrom(first)
    for node, other in ((first, second), (second, before)):
        inputs, outputs = [*node.input], [*node.output]
        node.CopyFrom(other)
        node.input[:], node.output[:] = inputs, outputs
