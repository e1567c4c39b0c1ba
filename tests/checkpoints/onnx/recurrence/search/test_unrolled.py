"""Recurrent layers that were traced step by step: one node each again, with the same text."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.runtime.opening import open_session

D, H, K = 8, 6, 5
WIDTH = 10  # pixels, and steps
SPEC = "name: traced\ncharset: abcd\npreprocessing: {height: 8, width_multiple: 1%s}\n"


class Cell(nn.Module):
    """A GRU as some write it: the update gate keeps what is new, and the reset gate comes before the product."""

    def __init__(self) -> None:
        super().__init__()
        self.gates, self.new = nn.Linear(D + H, 2 * H), nn.Linear(D + H, H)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        z, r = torch.sigmoid(self.gates(torch.cat([h, x], 1))).chunk(2, 1)
        n = torch.tanh(self.new(torch.cat([r * h, x], 1)))
        return h + z * (n - h)


class Peephole(nn.Module):
    """Almost a GRU: a gate sees more than the state and the input."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.scale = nn.GRUCell(D, H), nn.Parameter(torch.rand(H) + 0.5)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        return self.cell(x, h) * self.scale


class Lines(nn.Module):
    """A reader whose recurrent part is `steps`: a list of [N, D] → a list of [N, outputs]."""

    def __init__(self, part: nn.Module, outputs: int) -> None:
        super().__init__()
        self.conv, self.part = nn.Conv2d(1, D, 3, padding=1), part
        self.head = nn.Linear(outputs, K)

    def forward(self, images: Tensor) -> Tensor:
        features = self.conv(images).mean(2).permute(2, 0, 1)
        steps = [features[t] for t in range(features.shape[0])]
        return torch.stack([self.head(step) for step in self.part(steps)], 1)


class One(nn.Module):
    def __init__(self, cell: nn.Module, backwards: bool = False, initial: bool = False) -> None:
        super().__init__()
        self.cell, self.backwards = cell, backwards
        self.initial = nn.Parameter(torch.randn(1, H)) if initial else None

    def forward(self, steps: list[Tensor]) -> list[Tensor]:
        zeros = steps[0].new_zeros(steps[0].shape[0], H)
        h = zeros if self.initial is None else self.initial + zeros
        c, outputs = zeros, []
        for step in steps[::-1] if self.backwards else steps:
            if isinstance(self.cell, nn.LSTMCell):
                h, c = self.cell(step, (h, c))
            else:
                h = self.cell(step, h)
            outputs.append(h)
        return outputs[::-1] if self.backwards else outputs


class Both(nn.Module):
    def __init__(self, kind: Callable[[int, int], nn.Module], inputs: int) -> None:
        super().__init__()
        self.one, self.other = One(kind(inputs, H)), One(kind(inputs, H), backwards=True)

    def forward(self, steps: list[Tensor]) -> list[Tensor]:
        return [torch.cat(pair, 1) for pair in zip(self.one(steps), self.other(steps), strict=True)]


class Together(nn.Module):
    """Two layers that take each step together, as the loop over the steps is the outer one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LSTMCell(D, H), nn.GRUCell(H, H)

    def forward(self, steps: list[Tensor]) -> list[Tensor]:
        h = c = other = steps[0].new_zeros(steps[0].shape[0], H)
        outputs = []
        for step in steps:
            h, c = self.first(step, (h, c))
            other = self.second(h, other)
            outputs.append(other)
        return outputs


def traced(network: nn.Module, path: Path, batch: int = 1, **options: object) -> nn.Module:
    network.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = torch.zeros(batch, 1, 8, WIDTH)
        torch.onnx.export(network, (image,), str(path), input_names=["x"], output_names=["y"], dynamo=False, **options)
    return network


def imported(path: Path, width: str = f", width: {WIDTH}") -> Artifact:
    path.with_suffix(".yaml").write_text(SPEC % width)
    output = path.with_name("imported.onnx")
    return import_checkpoint(ImportConfig(checkpoint=path, spec=path.with_suffix(".yaml"), output=output))


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def check_same(artifact: Artifact, network: nn.Module, width: int = WIDTH) -> None:
    images = np.random.default_rng(2).normal(size=(3, 1, 8, width)).astype(np.float32)
    expected = network(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_allclose(open_session(artifact).run(images), expected, atol=1e-5)


NETWORKS = {
    "GRU": (lambda: Lines(One(nn.GRUCell(D, H)), H), {"GRU": 1}),
    "LSTM backwards": (lambda: Lines(One(nn.LSTMCell(D, H), backwards=True), H), {"LSTM": 1}),
    "reset before": (lambda: Lines(One(Cell()), H), {"GRU": 1}),
    "two of both directions": (
        lambda: Lines(nn.Sequential(Both(nn.GRUCell, D), Both(nn.LSTMCell, 2 * H)), 2 * H),
        {"GRU": 1, "LSTM": 1},  # one for both directions
    ),
    "together": (lambda: Lines(Together(), H), {"LSTM": 1, "GRU": 1}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_steps_become_nodes_that_read_the_same(name: str, tmp_path: Path) -> None:
    make, expected = NETWORKS[name]
    torch.manual_seed(0)
    network = traced(make(), tmp_path / "given.onnx")
    artifact = imported(tmp_path / "given.onnx")
    found = operators(read_onnx(artifact.path))
    assert {kind: found[kind] for kind in ("GRU", "LSTM") if found[kind]} == expected
    assert not found["Tanh"]
    assert not found["Gemm"]  # heads of each step are one product, too
    check_same(artifact, network)


def test_a_learned_initial_state_is_kept(tmp_path: Path) -> None:
    network = Lines(One(nn.LSTMCell(D, H), initial=True), H)
    traced(network, tmp_path / "given.onnx", dynamic_axes={"x": {0: "n"}})
    artifact = imported(tmp_path / "given.onnx")
    (node,) = (node for node in read_onnx(artifact.path).graph.node if node.op_type == "LSTM")
    assert node.input[5]
    check_same(artifact, network)


def test_a_fixed_number_of_images_is_freed_with_the_steps(tmp_path: Path) -> None:
    network = traced(Lines(One(nn.GRUCell(D, H)), H), tmp_path / "given.onnx", batch=2)
    artifact = imported(tmp_path / "given.onnx")
    assert not read_onnx(artifact.path).graph.input[0].type.tensor_type.shape.dim[0].dim_value
    check_same(artifact, network)


def test_a_width_that_was_free_in_name_only_is_free(tmp_path: Path) -> None:
    axes = {"x": {0: "n", 3: "w"}}
    network = traced(Lines(One(nn.GRUCell(D, H)), H), tmp_path / "given.onnx", dynamic_axes=axes)
    check_same(imported(tmp_path / "given.onnx", width=""), network, width=3 * WIDTH)


def test_what_is_no_gru_stays_as_it_is(tmp_path: Path) -> None:
    network = traced(Lines(One(Peephole()), H), tmp_path / "given.onnx")
    artifact = imported(tmp_path / "given.onnx")
    assert operators(read_onnx(artifact.path))["Tanh"] == WIDTH
    check_same(artifact, network)
