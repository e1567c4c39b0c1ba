"""Networks that are listed layer by layer compute what PyTorch's modules compute, and export."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build, stride_of
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec

CONVOLUTION = {"kind": "convolution", "inputs": 1, "outputs": 4, "kernel": (3, 3), "padding": (1, 1, 1, 1)}
SEQUENCE = {"kind": "sequence"}
HEAD = {"kind": "linear", "inputs": 32, "outputs": 4}


def network(*layers: dict[str, Any], height: int = 8, task: str = "ctc") -> nn.Module:
    return build(spec(*layers, height=height, task=task))


def spec(*layers: dict[str, Any], height: int = 8, task: str = "ctc") -> ModelSpec:
    return ModelSpec(
        name="listed",
        task=task,
        charset="abc" if task == "ctc" else (),
        class_names=("a", "b", "c", "d") if task == "classify" else (),
        preprocessing=Preprocessing(height=height),
        architecture=Architecture(family="layers", options={"layers": list(layers)}),
    )


def body(*layers: dict[str, Any], x: Tensor) -> Tensor:
    torch.manual_seed(0)
    made: Tensor = network(*layers, HEAD).body(x)  # type: ignore[operator]
    return made


X = torch.randn(2, 1, 8, 12, generator=torch.Generator().manual_seed(1))
IMAGES = torch.randn(2, 4, 8, 12, generator=torch.Generator().manual_seed(2))
FRAMES = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(3))


def test_the_weights_are_named_by_their_place() -> None:
    names = network(CONVOLUTION, SEQUENCE, HEAD).state_dict().keys()
    assert names == {"body.0.weight", "body.0.bias", "head.weight", "head.bias"}


def test_margins_may_differ_on_opposite_sides() -> None:
    uneven = {**CONVOLUTION, "kernel": (2, 2), "padding": (0, 1, 1, 0)}
    model = network(uneven, SEQUENCE, HEAD)
    convolution = model.body[0]  # type: ignore[index]
    padded = nn.functional.pad(X, (1, 0, 0, 1))
    assert torch.equal(convolution(X), nn.functional.conv2d(padded, convolution.weight, convolution.bias))
    assert convolution(X).shape[2:] == X.shape[2:]


@pytest.mark.parametrize(
    ("options", "frame"),
    [
        ({}, lambda x: x[:, :, :, 3].flatten(1)),
        ({"order": "pixels"}, lambda x: x[:, :, :, 3].transpose(1, 2).flatten(1)),
        ({"along": "height"}, lambda x: x[:, :, 3].flatten(1)),
        ({"along": "height", "order": "pixels"}, lambda x: x[:, :, 3].transpose(1, 2).flatten(1)),
        ({"along": "pixels"}, lambda x: x[:, :, 0, 3]),
    ],
)
def test_columns_rows_or_pixels_become_frames(options: dict[str, str], frame: Any) -> None:
    frames = body({**SEQUENCE, **options}, x=IMAGES)
    assert torch.equal(frames[:, 3], frame(IMAGES))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "both"])
@pytest.mark.parametrize("result", ["frames", "last"])
def test_recurrent_layers_run_in_any_direction(kind: str, direction: str, result: str) -> None:
    layer = {"kind": kind, "inputs": 6, "hidden": 3, "direction": direction, "result": result}
    model = network(SEQUENCE, layer, HEAD)
    rnn = model.body[1].rnn  # type: ignore[index,union-attr]
    got = model.body[1](FRAMES)  # type: ignore[index,operator]
    if direction == "both":
        y = rnn(FRAMES)[0]
        expected = y if result == "frames" else torch.cat([y[:, -1, :3], y[:, 0, 3:]], -1)
    else:
        x = FRAMES.flip(1) if direction == "reverse" else FRAMES
        y = rnn(x)[0]
        expected = y[:, -1] if result == "last" else (y.flip(1) if direction == "reverse" else y)
    assert torch.allclose(got, expected)


@pytest.mark.parametrize(
    ("merge", "join"),
    [("sum", torch.add), ("mean", lambda a, b: (a + b) / 2), ("product", torch.mul)],
)
def test_directions_are_merged(merge: str, join: Any) -> None:
    torch.manual_seed(0)
    layer = {"kind": "gru", "inputs": 6, "hidden": 3, "merge": merge}
    made = network(SEQUENCE, layer, HEAD).body[1]  # type: ignore[index]
    y = made.rnn(FRAMES)[0]
    assert torch.allclose(made(FRAMES), join(y[..., :3], y[..., 3:]))


def test_a_column_summary_is_the_last_state_of_each_column() -> None:
    made = network({"kind": "columns", "inputs": 4, "hidden": 5}, SEQUENCE, HEAD).body[0]  # type: ignore[index]
    y = made(IMAGES)
    assert y.shape == (2, 5, 1, 12)
    assert torch.allclose(y[1, :, 0, 7], made.rnn(IMAGES[1:2, :, :, 7].transpose(1, 2))[0][0, -1], atol=1e-6)


def test_branches_are_added_and_gates_multiplied() -> None:
    shortcut = {"kind": "convolution", "inputs": 4, "outputs": 4, "kernel": (1, 1)}
    residual = {"kind": "residual", "body": [shortcut], "shortcut": []}
    made = network(residual, SEQUENCE, HEAD).body[0]  # type: ignore[index]
    assert torch.allclose(made(IMAGES), made.body(IMAGES) + IMAGES)
    gate = {"kind": "gate", "body": [{"kind": "mean", "over": "picture"}, {"kind": "activation", "function": "relu"}]}
    assert torch.allclose(body(gate, x=IMAGES), IMAGES * IMAGES.mean((2, 3), keepdim=True).relu())


def test_sequences_are_normalised_over_their_channels() -> None:
    norm = network(SEQUENCE, {"kind": "batch-norm", "channels": 6}, HEAD).body[1]  # type: ignore[index]
    norm.running_mean.copy_(torch.arange(6.0))
    assert torch.allclose(norm(FRAMES), (FRAMES - torch.arange(6.0)) / (1 + 1e-5) ** 0.5)


def test_a_classifier_has_one_row_of_logits_for_each_image() -> None:
    model = network(CONVOLUTION, SEQUENCE, {"kind": "mean", "over": "frames"}, HEAD, task="classify")
    assert model(X).shape == (2, 4)


def test_the_stride_is_that_of_all_layers_together() -> None:
    pool = {"kind": "max-pooling", "kernel": (2, 2), "stride": (2, 1)}
    twice = {**CONVOLUTION, "inputs": 4, "stride": (1, 2)}
    assert stride_of(spec({**CONVOLUTION, "stride": (1, 2)}, pool, {"kind": "residual", "body": [twice]}, HEAD)) == 4


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([CONVOLUTION], "the last layer must be linear"),
        ([], "layers"),
        ([{**CONVOLUTION, "kernel": (100, 3)}, HEAD], "kernel"),
        ([{**CONVOLUTION, "groups": 3}, HEAD], "3 groups do not divide"),
        ([{"kind": "group-norm", "channels": 4, "groups": 3}, HEAD], "3 groups do not divide"),
        ([{"kind": "max-pooling", "kernel": (2, 2), "stride": (2, 2), "padding": (2, 2)}, HEAD], "larger than half"),
        ([{"kind": "lstm", "inputs": 4, "hidden": 4, "layers": 2, "merge": "sum"}, HEAD], "several layers"),
        ([{"kind": "lambda"}, HEAD], "lambda"),
        ([{**HEAD, "outputs": 5}], "5 outputs, and its spec 4 classes"),
    ],
)
def test_layers_that_cannot_be_are_refused(layers: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        network(*layers)
