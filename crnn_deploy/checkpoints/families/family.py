"""What a family of third-party checkpoints is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from crnn_deploy.errors import InputError

if TYPE_CHECKING:  # PyTorch takes seconds to load, and families of ONNX models don't need it
    from torch import Tensor


@dataclass(frozen=True)
class Checkpoint:
    """Weights of a checkpoint by name, with what lies in the file beside them.

    Attributes:
        path: of the file; some families look for files beside it.
        tensors: without the prefixes of wrappers.
        extras: plain values, such as a charset.
        language: that the user names, where a family has charsets for several; empty: none.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    extras: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""

    def size(self, name: str, axis: int) -> int:
        """Size of a tensor along an axis. Raises `InputError` if there is no such tensor or axis."""
        shape = self.tensors[name].shape if name in self.tensors else ()
        if axis >= len(shape):
            raise InputError(
                f"The tensor {name} in {self.path} has the shape {list(shape)}, expected at least {axis + 1} axes.",
                "It is a network of another kind with names like those of a known family.",
            )
        return int(shape[axis])

    def count(self, pattern: str) -> int:
        """Number of tensors whose whole name matches `pattern`."""
        return sum(re.fullmatch(pattern, name) is not None for name in self.tensors)


@dataclass(frozen=True)
class Recognised:
    """A checkpoint of a known family.

    Attributes:
        fields: those of the `ModelSpec` that follow from the family and the checkpoint.
        tensors: the weights with the names of our network.
        outputs: size of the head: the characters and the blank, or the classes.
        note: what people should know, such as where the charset comes from; empty: nothing.
    """

    fields: dict[str, Any]
    tensors: dict[str, Tensor]
    outputs: int
    note: str = ""


@dataclass(frozen=True)
class Family:
    """What people are told of a family.

    Attributes:
        name: a key such as `easyocr-g2`.
        about: the network and where it comes from, in one line.
        files: what its files are called.
        example: the arguments of `crnn-deploy` that import one.
    """

    name: str
    about: str
    files: str
    example: str


@dataclass(frozen=True)
class WeightsFamily(Family):
    """A family that is recognised from the names of its tensors.

    Attributes:
        names: regular expressions for whole names of tensors. A checkpoint is of the family if each of them fits a
            tensor, and each tensor fits one of them.
        load: sizes and weights from such a checkpoint; raises `InputError` where these contradict each other.
        fits: a further condition, which looks at the shapes, to tell families with the same names apart; not asked
            where the user names the family.
    """

    names: Sequence[str]
    load: Callable[[Checkpoint], Recognised]
    fits: Callable[[Checkpoint], bool] = lambda _: True


@dataclass(frozen=True)
class FileFamily(Family):
    """A family with a format of files of its own.

    Attributes:
        opens: whether a file has this format, from its first bytes or its header.
        read: what it holds; raises `InputError` where it is damaged or holds what cannot be imported.
    """

    opens: Callable[[Path], bool]
    read: Callable[[Path], Recognised]


@dataclass(frozen=True)
class OnnxRecognised:
    """An ONNX model of a known family: fields of its `ModelSpec`, and why it is of this family."""

    fields: dict[str, Any]
    reason: str


@dataclass(frozen=True)
class OnnxFamily(Family):
    """A family of ONNX models.

    Attributes:
        recognise: what a model in the file `path` is, with the language that the user names for its charset (empty:
            none); None if it is of another family. Raises `InputError` where a file beside it is damaged.
    """

    recognise: Callable[[onnx.ModelProto, Path, str], OnnxRecognised | None]
