"""PyLaia's checkpoints: the network of its definition, its symbols, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model

SYMBOLS = "<ctc> 0\n<space> 1\n\n  a 2\nœ 3\n"


class Reference(nn.Module):
    """The published description: blocks of layers, a sequencer, recurrent layers in both directions, a linear layer."""

    def __init__(self, activations: list[type[nn.Module]], rows: int, cell: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.conv = nn.ModuleList()
        for index, width in enumerate((4, 6, 8, 8)):
            block = nn.ModuleDict({"conv": nn.Conv2d((1, 4, 6, 8)[index], width, 3, 1, 1, bias=index % 2 == 1)})
            if index % 2 == 0:
                block["batchnorm"] = nn.BatchNorm2d(width)
            self.conv.append(block)
        self.rnn = cell(8 * rows, 5, 2, bidirectional=True)
        self.linear = nn.Linear(10, 4)
        self.activations = [each() for each in activations]

    def forward(self, x: Tensor, pools: list[int], pooling: nn.Module) -> Tensor:
        for block, activation, pool in zip(self.conv, self.activations, pools, strict=True):
            x = block["conv"](x)  # type: ignore[index]
            x = block["batchnorm"](x) if "batchnorm" in block else x  # type: ignore[operator, index]
            x = activation(x)
            x = nn.functional.max_pool2d(x, pool) if pool else x
        y: Tensor = self.linear(self.rnn(pooling(x).permute(3, 0, 1, 2).flatten(2))[0])
        return y.transpose(0, 1)


def made(
    activations: list[type[nn.Module]] | None = None, rows: int = 4, cell: type[nn.LSTM] | type[nn.GRU] = nn.LSTM
) -> Reference:
    torch.manual_seed(0)
    network = Reference(activations or [nn.LeakyReLU] * 4, rows, cell).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            module.running_mean.normal_()
    return network


def saved(folder: Path, network: nn.Module, definition: dict[str, Any] | None = None, symbols: str = SYMBOLS) -> Path:
    """As PyLaia leaves it: the checkpoint in a folder below the one of the definition and the symbols."""
    (folder / "experiment").mkdir()
    weights = {f"model.{name}": tensor for name, tensor in network.state_dict().items()}
    path = folder / "experiment" / "epoch=9.ckpt"
    torch.save({"pytorch-lightning_version": "1.4.2", "state_dict": weights}, path)
    if definition is not None:
        content = {"module": "laia.models.htr.laia_crnn", "name": "LaiaCRNN", "args": (), "kwargs": definition}
        torch.save(content, folder / "model")
    if symbols:
        (folder / "syms.txt").write_text(symbols, encoding="utf-8")
    return path


def imported(path: Path, spec: str = "") -> Artifact:
    options: dict[str, Any] = {}
    if spec:
        options["spec"] = path.with_name("spec.yaml")
        options["spec"].write_text(spec)
    return import_checkpoint(ImportConfig(checkpoint=path, output=path.with_name("o.safetensors"), **options))


def test_without_a_definition_it_has_pylaias_defaults(tmp_path: Path) -> None:
    network = made()
    artifact = imported(saved(tmp_path, network))
    p = artifact.spec.preprocessing
    assert (artifact.spec.charset, artifact.spec.blank) == ((" ", "a", "œ"), 0)
    assert (p.height, p.width_multiple, p.invert, p.mean, p.std) == (32, 1, True, (0.0,), (1.0,))
    x = torch.rand(2, 1, 32, 53)
    assert torch.allclose(load_model(artifact)(x), network(x, [2, 2, 2, 0], nn.Identity()), atol=1e-5)


@pytest.mark.parametrize(
    ("sequencer", "pooling"), [("avgpool", nn.AdaptiveAvgPool2d), ("maxpool", nn.AdaptiveMaxPool2d)]
)
def test_the_definition_beside_it_counts_and_runs_nothing(tmp_path: Path, sequencer: str, pooling: Any) -> None:
    activations: list[type[nn.Module]] = [nn.ReLU, nn.ELU, nn.Hardswish, nn.LeakyReLU]
    network = made(activations, 3, nn.GRU)
    definition = {
        "cnn_activation": activations,
        "cnn_poolsize": [2, [0, 0], [2, 2], 0],
        "image_sequencer": f"{sequencer}-3",
        "rnn_type": nn.GRU,
    }
    artifact = imported(saved(tmp_path, network, definition), "preprocessing: {height: 40}")
    x = torch.rand(1, 1, 40, 61)
    expected = network(x, [2, 0, 2, 0], pooling((3, None)))
    assert torch.allclose(load_model(artifact)(x), expected, atol=1e-5), "10 rows become 3, whose windows overlap"


def test_the_options_of_its_command_replace_a_lost_definition(tmp_path: Path) -> None:
    network = made()
    path = saved(tmp_path, network)
    path.with_suffix(".yaml").write_text("fixed_input_height: 19\ncrnn: {cnn_poolsize: [2, [2, 2], 0, 0]}\n")
    artifact = imported(path)
    assert artifact.spec.preprocessing.height == 19
    x = torch.rand(1, 1, 19, 40)
    assert torch.allclose(load_model(artifact)(x), network(x, [2, 2, 0, 0], nn.Identity()), atol=1e-5)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"vertical_text": True}, "vertical_text"),
        ({"cnn_poolsize": [2, 2, 2]}, "cnn_poolsize must be a list of 4"),
        ({"cnn_stride": [1, 1, 1, "1"]}, "cnn_stride must be a list of 4"),
        ({"cnn_activation": [nn.SELU] * 4}, "activation SELU"),
        ({"image_sequencer": "none-9"}, "take 32 features of 8 channels"),
        ({"cnn_stride": [64] * 4, "cnn_poolsize": [64] * 4}, "leave 4 rows"),
    ],
)
def test_a_definition_of_another_network_is_refused(tmp_path: Path, definition: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        imported(saved(tmp_path, made(), definition))


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ("<ctc> 0\na 1\nb 1\n", "line 3"),
        ("<ctc> 0\na 2\nb 3\nc 4\n", "no symbol with the number 1"),
        ("<ctc> 0\na\n", "line 2"),
        ("\n", "no symbol with the number 0"),
        ("<ctc> 0\na 1\n", "doesn't fit the head"),
        ("", "charset"),
    ],
)
def test_a_wrong_table_of_symbols_is_refused(tmp_path: Path, symbols: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        imported(saved(tmp_path, made(), symbols=symbols))


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, made())
    torch.save({"name": "GatedCRNN", "kwargs": {}}, tmp_path / "model")
    with pytest.raises(InputError, match="no definition of a LaiaCRNN"):
        imported(path)
