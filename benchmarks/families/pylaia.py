"""Answers of PyLaia's own network and preprocessing, for `compare.py`; needs the packages `pylaia` and `torch`.

    PYLAIA_ENV/bin/python benchmarks/families/pylaia.py LINES.tar ANSWERS
    python benchmarks/families/compare.py LINES.tar ANSWERS

PyLaia needs packages that no longer build beside a recent PyTorch: a C++ extension for adaptive pooling and an old
PyTorch Lightning. So only the modules of the network, of the preprocessing and of the symbols are loaded, without the
package's `__init__`. Where a network pools adaptively, PyTorch's pooling stands in for the extension's: for one image
both have the same windows.

Each answer has random weights, unless a network was trained. The head is large and centred, so that random text has
many characters.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import shutil
import sys
import tarfile
import types
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

STORED = 16  # lines of one width whose inputs and logits are stored
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,:-/()#&%*"
SYMBOLS = ["<ctc>", *ALPHABET, "<space>"]
HEIGHT = 64
CNN = {"cnn_num_features": [12, 24, 48, 48], "cnn_kernel_size": [3] * 4, "cnn_stride": [1] * 4, "cnn_dilation": [1] * 4}
USUAL: dict[str, Any] = {  # as in PyLaia's documentation
    **CNN,
    "cnn_activation": [nn.LeakyReLU] * 4,
    "cnn_poolsize": [[2, 2], [2, 2], [0, 0], [2, 2]],
    "cnn_batchnorm": [True] * 4,
    "image_sequencer": "none-8",
}
DEFAULT: dict[str, Any] = {
    **CNN,
    "cnn_num_features": [16, 16, 32, 32],
    "cnn_activation": [nn.LeakyReLU] * 4,
    "cnn_poolsize": [2, 2, 2, 0],
    "cnn_batchnorm": [False] * 4,
    "image_sequencer": "avgpool-16",
}
RARE: dict[str, Any] = {
    "cnn_num_features": [8, 16, 24],
    "cnn_kernel_size": [[5, 3], [3, 3], [4, 3]],
    "cnn_stride": [[1, 1], [2, 1], [1, 1]],
    "cnn_dilation": [[1, 1], [1, 2], [1, 1]],
    "cnn_activation": [nn.ReLU, nn.ELU, nn.Hardswish],
    "cnn_poolsize": [[2, 2], [0, 0], [2, 1]],
    "cnn_batchnorm": [True, False, True],
    "image_sequencer": "maxpool-3",
    "rnn_type": nn.GRU,
}
PACKAGES = ("laia", "laia.common", "laia.data", "laia.data.transforms", "laia.data.transforms.vision", "laia.nn")
PACKAGES += ("laia.models", "laia.models.htr", "laia.utils")
# Name: arguments of the network, height of lines, and whether the definition lies beside the weights.
CASES = {
    "pylaia-usual": (USUAL, HEIGHT, True),
    "pylaia-default": (DEFAULT, 128, False),
    "pylaia-gru-maxpool": (RARE, 60, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument(
        "--trained", type=Path, help="a folder of PyLaia's with model, syms.txt, experiment/weights.ckpt"
    )
    parser.add_argument("--height", type=int, default=32, help="of the lines that it was trained with")
    arguments = parser.parse_args()
    load_parts()
    lines = read(arguments.lines, arguments.count)
    if arguments.trained:
        answer_trained(arguments.answers / "pylaia-trained", arguments.trained, arguments.height, lines)
        return
    for name, (options, height, defined) in CASES.items():
        answer(arguments.answers / name, options, height, defined, lines)


def load_parts() -> None:
    """Make the modules of PyLaia importable one by one, without those of its packages that need more."""
    root = Path(next(iter(find_spec("laia").submodule_search_locations)))  # type: ignore[union-attr, arg-type]
    for name in PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    extension = types.ModuleType("nnutils_pytorch")
    extension.adaptive_avgpool_2d = _pooled(nn.functional.adaptive_avg_pool2d)  # type: ignore[attr-defined]
    extension.adaptive_maxpool_2d = _pooled(nn.functional.adaptive_max_pool2d)  # type: ignore[attr-defined]
    extension.mask_image_from_size = None  # type: ignore[attr-defined]
    sys.modules["nnutils_pytorch"] = extension
    for package_name, module, names in (
        ("laia.data", "padding_collater", ["PaddedTensor"]),
        ("laia.nn", "adaptive_pool_2d", ["AdaptiveAvgPool2d", "AdaptiveMaxPool2d"]),
        ("laia.nn", "image_pooling_sequencer", ["ImagePoolingSequencer"]),
        ("laia.models.htr", "conv_block", ["ConvBlock"]),
    ):
        loaded = importlib.import_module(f"{package_name}.{module}")
        for each in names:
            setattr(sys.modules[package_name], each, getattr(loaded, each))


def _pooled(pool: Any) -> Any:
    def pooled(batch_input: torch.Tensor, output_sizes: Any, batch_sizes: torch.Tensor | None) -> torch.Tensor:
        if batch_sizes is not None and len(batch_input) > 1:
            raise ValueError("PyTorch's adaptive pooling takes one image of a size of its own")
        return pool(batch_input, output_sizes)

    return pooled


def read(tar: Path, count: int) -> dict[str, Image.Image]:
    lines: dict[str, Image.Image] = {}
    with tarfile.open(tar) as archive:
        for member in archive:
            if member.name.endswith((".png", ".jpg")) and len(lines) < count:
                lines[member.name] = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")  # type: ignore[union-attr]
    return lines


@torch.no_grad()
def answer(folder: Path, options: dict[str, Any], height: int, defined: bool, lines: dict[str, Image.Image]) -> None:
    """Write a checkpoint as PyLaia does, the definition and the symbols, and what PyLaia reads."""
    from laia.models.htr.laia_crnn import LaiaCRNN

    arguments = {
        "num_input_channels": 1,
        "num_output_labels": len(SYMBOLS),
        "cnn_dropout": [0.0] * len(options["cnn_num_features"]),
        "rnn_units": 64,
        "rnn_layers": 2,
        "rnn_dropout": 0.5,
        "lin_dropout": 0.5,
        "rnn_type": nn.LSTM,
        **options,
    }
    torch.manual_seed(0)
    network = LaiaCRNN(**{**arguments, **_as_pairs(arguments)}).eval()
    inputs = prepared(lines, height)
    enliven(network, list(inputs.values()))
    write(folder, network, arguments if defined else None)
    (folder / "spec.yaml").write_text(f"preprocessing: {{height: {height}}}\n")
    (folder / "options.json").write_text(json.dumps({"spec": str((folder / "spec.yaml").absolute())}))
    read_lines(folder, network, inputs)


@torch.no_grad()
def answer_trained(folder: Path, trained: Path, height: int, lines: dict[str, Image.Image]) -> None:
    """What PyLaia reads with a network of its own folder; the pickles in it are loaded, so it must be your own."""
    from laia.models.htr.laia_crnn import LaiaCRNN

    shutil.copytree(trained, folder, dirs_exist_ok=True)
    network = LaiaCRNN(**torch.load(folder / "model", weights_only=False)["kwargs"]).eval()
    state = torch.load(folder / "experiment" / "weights.ckpt", weights_only=False)["state_dict"]
    network.load_state_dict({name.removeprefix("model."): tensor for name, tensor in state.items()})
    (folder / "checkpoint").write_text("experiment/weights.ckpt")
    read_lines(folder, network, prepared(lines, height))


def prepared(lines: dict[str, Image.Image], height: int) -> dict[str, torch.Tensor]:
    """Inputs `[1, 1, H, W]`: resized before, as PyLaia's documentation asks for, and made a tensor by PyLaia."""
    transforms = importlib.import_module("laia.data.transforms.vision.transforms")
    prepare = transforms.ToImageTensor(invert=True)
    sizes = {name: (max(8, round(image.width * height / image.height)), height) for name, image in lines.items()}
    return {
        name: prepare(image.convert("L").resize(sizes[name], Image.Resampling.LANCZOS))[None]
        for name, image in lines.items()
    }


def read_lines(folder: Path, network: nn.Module, inputs: dict[str, torch.Tensor]) -> None:
    """Write the text of each line, those of one width first, and inputs and logits of some of these."""
    logits = {name: forward(network, x) for name, x in inputs.items()}
    table = importlib.import_module("laia.utils.symbols_table").SymbolsTable(folder / "syms.txt")
    same = stored(inputs)
    texts = {name: text(logits[name], table) for name in (*same, *(set(logits) - set(same)))}
    (folder / "texts.json").write_text(json.dumps(texts))
    np.savez(
        folder / "answers.npz",
        inputs=torch.cat([inputs[name] for name in same]).numpy(),
        logits=torch.stack([logits[name] for name in same]).numpy(),
    )


def _as_pairs(arguments: dict[str, Any]) -> dict[str, Any]:
    """PyLaia's command turns single numbers into pairs before it makes the network."""
    names = ("cnn_kernel_size", "cnn_stride", "cnn_dilation", "cnn_poolsize")
    return {name: [each if isinstance(each, list) else [each] * 2 for each in arguments[name]] for name in names}


def forward(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Logits `[T, K]` of one line, with its size, as PyLaia's loader gives it."""
    from laia.data import PaddedTensor

    packed = network(PaddedTensor.build(x, torch.tensor([[*x.shape[2:]]])))
    frames, _ = nn.utils.rnn.pad_packed_sequence(packed)
    return frames[:, 0]


def enliven(network: Any, inputs: list[torch.Tensor]) -> None:
    """Give batch normalisation the statistics of lines, and the head large, centred logits."""
    network.conv.train()
    for x in inputs[:20]:
        network.conv(x)
    network.eval()
    frames = torch.cat([forward(network, x) for x in inputs[:20]])
    network.linear.weight.mul_(6 / frames.std(0).mean())
    network.linear.bias.zero_()
    frames = torch.cat([forward(network, x) for x in inputs[:20]])
    network.linear.bias.sub_(frames.mean(0))


def write(folder: Path, network: nn.Module, arguments: dict[str, Any] | None) -> None:
    """A Lightning checkpoint below the folder of the definition and the symbols."""
    (folder / "experiment").mkdir(parents=True, exist_ok=True)
    weights = {f"model.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save(
        {"epoch": 1, "global_step": 1, "pytorch-lightning_version": "1.4.2", "state_dict": weights},
        folder / "experiment" / "weights.ckpt",
    )
    (folder / "checkpoint").write_text("experiment/weights.ckpt")
    (folder / "syms.txt").write_text("".join(f"{symbol} {number}\n" for number, symbol in enumerate(SYMBOLS)))
    (folder / "model").unlink(missing_ok=True)
    if arguments is not None:
        definition = {"module": "laia.models.htr.laia_crnn", "name": "LaiaCRNN", "args": (), "kwargs": arguments}
        torch.save(definition, folder / "model")


def text(frames: torch.Tensor, table: Any) -> str:
    """Without repetitions and blanks, and with spaces, as PyLaia's greedy decoder and its callback do it."""
    classes = torch.unique_consecutive(frames.argmax(-1)).tolist()
    return "".join(" " if table[k] == "<space>" else table[k] for k in classes if k)


def stored(inputs: dict[str, torch.Tensor]) -> list[str]:
    """Names of lines that have the most frequent width."""
    widths = [x.shape[-1] for x in inputs.values()]
    most = max(set(widths), key=widths.count)
    return [name for name, x in inputs.items() if x.shape[-1] == most][:STORED]


if __name__ == "__main__":
    main()
