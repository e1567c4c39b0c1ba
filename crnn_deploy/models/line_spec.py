"""Specs of new networks for the same task and charset as another one."""

from __future__ import annotations

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec
from crnn_deploy.validation import parse

HEIGHT = 32
_MIN_WIDTH = 16


def line_spec(
    name: str, architecture: Architecture, stride: int, like: ModelSpec, charset: tuple[str, ...] | None = None
) -> ModelSpec:
    """Spec of a network for lines 32 pixels high, with the task, the charset and the colours of `like`.

    Args:
        stride: input pixels for each output frame; lines are padded to a multiple of it.
        charset: as in `spec_like`.

    Raises:
        InputError: as `spec_like`.
    """
    return spec_like(name, architecture, _preprocessing(like.preprocessing, stride), like, charset)


def spec_like(
    name: str,
    architecture: Architecture,
    preprocessing: Preprocessing,
    like: ModelSpec,
    charset: tuple[str, ...] | None = None,
) -> ModelSpec:
    """Spec of a network with its own preprocessing, and with the task and the charset or the classes of `like`.

    Args:
        charset: replaces the charset of `like`; the blank is the first class then.

    Raises:
        InputError: if `charset` is empty, or if `like` is a classifier, which has no charset.
    """
    if charset is not None and like.task != "ctc":
        raise InputError(f"{like.name} is a classifier: there is no charset to replace.", fix="Leave out the charset.")
    fields = {
        "name": name,
        "task": like.task,
        "charset": like.charset if charset is None else charset,
        "blank": like.blank if charset is None else 0,
        "normal_form": like.normal_form,
        "text_order": like.text_order,
        "class_names": like.class_names,
        "preprocessing": preprocessing,
        "architecture": architecture,
    }
    return parse(ModelSpec, fields, f"The spec of {name}")


def _preprocessing(parent: Preprocessing, stride: int) -> Preprocessing:
    return Preprocessing(
        channels=parent.channels,
        height=HEIGHT,
        width=None if parent.width is None else _fixed_width(parent, stride),
        keep_ratio=parent.keep_ratio,
        width_multiple=stride,
        min_width=_MIN_WIDTH,
        max_width=1024,
        padding="white" if parent.padding == "edge" else parent.padding,
        vector=parent.vector,
    )


def _fixed_width(parent: Preprocessing, stride: int) -> int:
    """The parent's width scaled to the new height, as a multiple of the stride."""
    assert parent.width is not None
    return max(2 * stride, round(parent.width * HEIGHT / parent.height / stride) * stride)
