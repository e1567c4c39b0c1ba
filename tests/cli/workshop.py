"""A folder with everything that a user may get wrong."""

from __future__ import annotations

import json
import os
import shutil
import struct
import tarfile
from pathlib import Path
from typing import Any

import onnx
import pytest
import stopwatches
import tiny_crnn
import torch
from torch import nn
from typer.testing import CliRunner

from crnn_deploy.artifact import SPEC_KEY
from crnn_deploy.cli.app import app
from crnn_deploy.models.legere import CompactCrnn, LegereOptions
from crnn_deploy.quantization import quantize as quantizer

RECIPE = """\
name: small
title: Small
baseline: {checkpoint: t.safetensors}
sources: {train: more, evaluation: val}
distill: {epochs: 1, student: {hidden: 8, width: 0.25}}
budget: {}
"""


def invoke(command: str) -> Any:
    return CliRunner().invoke(app, command.split())


class Shell:
    """Unpickling it runs a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch executed",)


def labelled(folder: Path, count: int, seed: int, text: str = "abc") -> Path:
    tiny_crnn.image_folder(folder, count, seed)
    (folder / "labels.tsv").write_text("".join(f"{i:03}.png\t{text}\n" for i in range(count)))
    return folder


def with_spec(source: Path, target: Path, **changes: Any) -> None:
    """A copy of a `.safetensors` artifact whose spec has these fields."""
    data = source.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"][SPEC_KEY] = json.dumps(json.loads(header["__metadata__"][SPEC_KEY]) | changes)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    target.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def without_layers(path: Path) -> None:
    """Leave nothing of an ONNX artifact's graph that has weights."""
    model = onnx.load(path)
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(tiny_crnn.rows_as_logits(classes=4))
    onnx.save(model, path)


def fill(folder: Path) -> None:
    """Put a checkpoint, its artifacts, good and bad data into a folder."""
    torch.manual_seed(0)
    network = CompactCrnn(LegereOptions(stem=4, channels=(4,) * 6, hidden=5), inputs=1, outputs=4)
    weights = network.state_dict()
    torch.save({"model": weights, "charset": "abc"}, folder / "model.pt")
    torch.save({"model": weights, "charset": "abcd"}, folder / "misfit.pt")
    torch.save({"model": weights, "charset": "aba"}, folder / "repeats.pt")
    torch.save({"model": weights, "x": Shell()}, folder / "shell.pt")
    torch.save(network, folder / "object.pt")
    torch.save({"epoch": 3}, folder / "noweights.pt")
    parts = {"cnn": nn.Conv2d(1, 8, 3), "rnn": nn.LSTM(8, 8, bidirectional=True), "head": nn.Linear(16, 11)}
    torch.save(nn.ModuleDict(parts).state_dict(), folder / "unknown.pt")
    (folder / "cut.pt").write_bytes((folder / "model.pt").read_bytes()[:9000])
    (folder / "empty.pt").touch()
    (folder / "page.pth").write_text("<html><body>404</body></html>")
    for suffix in (".onnx", ".safetensors"):
        (folder / f"page{suffix}").write_text("<html><body>404</body></html>")

    labelled(folder / "val", 6, seed=1)
    labelled(folder / "more", 6, seed=2)
    labelled(folder / "outside", 6, seed=3, text="abz")
    labelled(folder / "shared", 6, seed=4)
    shutil.copy(folder / "val" / "002.png", folder / "shared" / "003.png")
    (labelled(folder / "noimage", 6, seed=5) / "003.png").write_text("no image")
    cut = labelled(folder / "cutimage", 6, seed=6) / "003.png"
    cut.write_bytes(cut.read_bytes()[:-200])
    (folder / "nothing").mkdir()
    for index in range(3):
        target = folder / "same" / f"{index:03}.png"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(folder / "val" / "000.png", target)
    (folder / "missing").mkdir()
    (folder / "missing" / "labels.tsv").write_text("000.png\tabc\n")
    tiny_crnn.image_folder(folder / "unlabelled", 4)
    for name in ("x", "y"):
        tiny_crnn.image_folder(folder / "classes" / name, 3, seed=ord(name))
    with tarfile.open(folder / "cutheader.tar", "w") as archive:  # as a broken download that ends between two images
        for image in sorted((folder / "val").glob("*.png")):
            archive.add(image, image.name)
    with tarfile.open(folder / "cutheader.tar") as archive:
        end = archive.getmembers()[3].offset
    os.truncate(folder / "cutheader.tar", end)

    here = Path.cwd()
    os.chdir(folder)
    patch = pytest.MonkeyPatch()  # the one of a test comes too late
    patch.setattr(quantizer, "InterleavedStopwatch", stopwatches.EachFasterThanTheLast)
    try:
        for command in (
            "import model.pt -o t.safetensors",
            "export t.safetensors -o t.onnx",
            "quantize t.onnx --int8 --data val -o t.int8.onnx",
        ):
            result = invoke(command)
            assert result.exit_code == 0, result.output
    finally:
        patch.undo()
        os.chdir(here)
    shutil.copy(folder / "t.onnx", folder / "r.onnx")
    without_layers(folder / "r.onnx")
    with_spec(folder / "t.safetensors", folder / "newer.safetensors", schema_version=99)
    with_spec(folder / "t.safetensors", folder / "newest.safetensors", schema_version=99, invented="later")
    with_spec(folder / "t.safetensors", folder / "wrong.safetensors", charset=list("abcd"))
    (folder / "cut.onnx").write_bytes((folder / "t.onnx").read_bytes()[:5000])
    (folder / "cut.safetensors").write_bytes((folder / "t.safetensors").read_bytes()[:-500])
    (folder / "spec.yaml").write_text("charset: abc\npreprocesing: {height: 32}\n")
    (folder / "number.yaml").write_text("charset: 1234567890\npreprocessing: {channels: L, height: 32}\n")
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "typo.yaml").write_text(RECIPE.replace("epochs", "epocs"))
    (folder / "shared.yaml").write_text(RECIPE.replace("train: more", "train: more, calibration: shared"))
    (folder / "broken.yaml").write_text(RECIPE.replace("evaluation: val", "evaluation: cutimage"))
