"""What of a spec the module of a package leaves out: rare parts that would make it long."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.spec import ModelSpec


def require_simple(artifact: Artifact, target: str) -> None:
    """Raise `InputError`, with what to do instead, if the spec has one of the parts that are left out."""
    for part in _left_out(artifact.spec):
        raise InputError(
            f"A package for {target} cannot read with {artifact.path}: it {part}.",
            "The module in the package is short, and leaves out what is rare.",
            f"Read with the command line or from Python instead: crnn-deploy predict IMAGES --model {artifact.path}",
        )


def check_narrowest(session: OnnxRuntimeSession) -> None:
    """Raise `InputError` if the graph cannot run on the narrowest image that there can be."""
    seen = session.spec.preprocessing
    session.run(np.zeros(seen.input_shape(1, seen.sizes[0]), np.float32))


def _left_out(spec: ModelSpec) -> Iterator[str]:
    seen = spec.preprocessing
    if seen.centerline:
        yield "cuts lines out around their center line (`centerline`)"
    if seen.clips is not None:
        yield "sees clips, and not single pictures (`clips`)"
    if seen.vector:
        yield "takes numbers beside each picture (`vector`)"
    if spec.text_order == "display":
        yield "writes text in the order of display (`text_order`), and not as it is read"
