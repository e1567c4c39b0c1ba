"""What of a spec packages cannot follow: rare parts that would make a module long, and what other programs lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.reading.language import language_of
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.spec import ModelSpec


def require_simple(artifact: Artifact, target: str) -> None:
    """Raise `InputError` if the spec has one of the parts that are left out, or its language model is damaged."""
    language_of(artifact.spec)
    for part in _left_out(artifact.spec):
        raise InputError(
            f"A package for {target} cannot read with {artifact.path}: it {part}.",
            "The module in the package is short, and leaves out what is rare.",
            f"Read with the command line or from Python instead: crnn-deploy predict IMAGES --model {artifact.path}",
        )


def require_lines(artifact: Artifact, program: str, hindrances: Mapping[str, bool]) -> None:
    """Raise `InputError`, with what to do instead, if a program for pages of text cannot read with the model.

    Args:
        program: its name, such as RapidOCR. It makes all lines alike, and takes one class for each character.
        hindrances: what else it cannot follow, in words, and whether the spec has it.
    """
    spec = artifact.spec
    common = {
        f"names classes, and {program} reads lines": spec.task != "ctc",
        "sees lines of one fixed width": spec.preprocessing.width is not None,
        "cuts lines out around their center line (`centerline`)": spec.preprocessing.centerline,
        "has texts that several classes stand for (`sequences`)": bool(spec.sequences),
        "writes text in the order of display (`text_order`)": spec.text_order == "display",
    }
    for part in (part for part, found in {**common, **hindrances}.items() if found):
        raise InputError(
            f"{program} cannot read with {artifact.path}: it {part}.",
            f"{program} prepares and decodes all lines in one way, which such a model does not fit.",
            f"Read pages with crnn-deploy instead: crnn-deploy predict PAGES --pages --model {artifact.path}",
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
