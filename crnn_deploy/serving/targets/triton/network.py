"""The model `network` of a repository: an ONNX model that Triton's ONNX Runtime backend runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crnn_deploy.artifact import Artifact
from crnn_deploy.native import LIBRARY_NAME
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession

NAME = "network"
_TYPES = {"tensor(float)": "TYPE_FP32", "tensor(float16)": "TYPE_FP16", "tensor(double)": "TYPE_FP64"}
_CONFIG = """\
# Logits of a batch of one width, which the model `reader` asks for.
name: "{name}"
backend: "onnxruntime"

# Batches come as they are to run: the first size of the input is theirs.
max_batch_size: 0
input [ {input} ]
output [ {output} ]

# Each instance uses one core.
instance_group [ {{ count: 2 kind: KIND_CPU }} ]
parameters {{ key: "intra_op_thread_count" value {{ string_value: "1" }} }}
"""
_LIBRARY = """
# Runs the recurrent layers in INT8. Triton needs the whole path; leave it out, and they run in FP32.
model_operations {{ op_library_filename: "/models/{name}/1/{library}" }}
"""


def write_network(artifact: Artifact, folder: Path, reader: Path) -> None:
    """Write the configuration of the network, and, for the model that asks it, which it is.

    Args:
        folder: of the network; its version 1 holds the model, and the kernels, if there are any.
        reader: of the version of the model `reader`.
    """
    session = OnnxRuntimeSession(artifact).network.session
    (taken, *_), (given, *_) = session.get_inputs(), session.get_outputs()
    text = _CONFIG.format(name=NAME, input=_tensor(taken), output=_tensor(given))
    library = folder / "1" / LIBRARY_NAME
    if library.exists() and library.suffix == ".so":  # Triton runs on Linux
        text += _LIBRARY.format(name=NAME, library=LIBRARY_NAME)
    (folder / "config.pbtxt").write_text(text, encoding="utf-8", newline="\n")
    images = taken.shape[0] if isinstance(taken.shape[0], int) else None
    about = {"model": NAME, "input_name": taken.name, "output_name": given.name, "images": images}
    (reader / "network.json").write_text(json.dumps(about) + "\n", encoding="utf-8", newline="\n")


def _tensor(tensor: Any) -> str:
    """An input or output in a configuration; sizes that vary are -1."""
    sizes = ", ".join(str(size if isinstance(size, int) else -1) for size in tensor.shape)
    return f"{{ name: {json.dumps(tensor.name)} data_type: {_TYPES[tensor.type]} dims: [ {sizes} ] }}"
