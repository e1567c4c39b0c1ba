"""Which execution providers of ONNX Runtime can run a network on a GPU."""

from __future__ import annotations

import onnxruntime as ort

from crnn_deploy.onnx_graph.execution import Provider


def gpu_providers(gpu: int) -> list[Provider]:
    """Those that the installed ONNX Runtime has, in the order of preference, with options for a GPU by its number.

    Whether they can be started is not known: libraries or the GPU may be missing. CUDA comes before TensorRT, which
    builds an engine for each new width and number of images.
    """
    options = {
        "CUDAExecutionProvider": {
            "use_tf32": "0",  # which would round to 10 bits
            "cudnn_conv_algo_search": "HEURISTIC",  # the usual search takes seconds for each new size of input
        },
        "TensorrtExecutionProvider": {},
    }
    there = ort.get_available_providers()
    return [(name, {"device_id": str(gpu), **more}) for name, more in options.items() if name in there]
