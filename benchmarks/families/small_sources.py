"""Exports small CRNNs of many forms as their users do, imports each export, and compares the logits.

    python benchmarks/families/small_sources.py RESULT.md

Needs `onnxscript` for PyTorch's newer exporter. Writes a table: for each form and each way of exporting it, whether it
was imported and gives the same logits for one image and three, and for two widths where the export takes any width.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import small_networks as networks
import small_pooling_networks as pooling
import torch
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact, read_safetensors
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build_with_weights
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import Session
from crnn_deploy.runtime.torch import TorchSession

WIDTH, OTHER_WIDTH, TOLERANCE = 96, 160, 1e-4
Network = type[nn.Module]


@dataclass(frozen=True)
class Source:
    """A form of network.

    Attributes:
        network: the class that has this form.
        sources: public repositories with this form.
        form: what is particular to it.
        layout: axes of its output.
        colours: of its images.
        free: whether it reads lines of any width.
    """

    network: Network
    sources: str
    form: str
    layout: str = "TNC"
    colours: int = 1
    free: bool = True


SOURCES = (
    Source(networks.SqueezeHeight, "meijieru/crnn.pytorch, opencv_zoo's export of it", "squeeze(2), view(T·N, C)"),
    Source(networks.LogSoftmaxLast, "Holmeyoung/crnn-pytorch, Sierkinhane/CRNN_Chinese_Characters_Rec", "log_softmax"),
    Source(networks.MapToSequence, "GitYCC/crnn-pytorch", "conv.size() unpacked, view(N, C·H, W), linear, two LSTMs"),
    Source(networks.InstanceNormGru, "zjykzj/crnn-ctc", "instance norm, reshape(N, -1, H·C), GRU, log_softmax", "NTC"),
    Source(networks.DepthwiseLite, "chineseocr_lite, luolinll1212/crnn.ctc.pytorch", "depthwise", "TNC", 3),
    Source(networks.UnusedBranch, "kelvin-jose/captcha", "view(shape[0], shape[1], -1), an unused LSTM", "NTC", 3),
    Source(networks.GruOverImages, "captcha tutorials (CaptchaModel)", "GRU without batch_first", "TNC", 3),
    Source(pooling.ColumnMaximum, "georgeretsi/HTR-best-practices", "max_pool2d over y.size(2)"),
    Source(pooling.TwoHeads, "georgeretsi/HTR-best-practices, head_type both", "two outputs of the form of logits"),
    Source(networks.JoinedRows, "georgeretsi/HTR-ctc", "view(N, -1, 1, W), LSTM of two layers"),
    Source(pooling.AdaptiveHeight, "deep-text-recognition-benchmark, EasyOCR", "AdaptiveAvgPool2d((None, 1))", "NTC"),
    Source(pooling.AdaptiveFrames, "captcha readers of fixed size", "AdaptiveAvgPool2d((1, 10))", "NTC", 1, False),
    Source(pooling.AdaptiveUnevenRows, "PyLaia-like", "AdaptiveAvgPool2d((3, None)) of 8 rows", "NTC"),
    Source(pooling.MeanHeight, "PaddleOCR-like, LPRNet with a GRU", "mean over the height, softmax", "NTC"),
    Source(networks.TwoDirections, "Ascend model zoo's CRNN", "two LSTMs, one between torch.flip"),
    Source(pooling.StatesPassedIn, "recognisers with init_hidden", "initial states of zeros(2, N, H)", "NTC"),
    Source(pooling.ConvolutionHead, "Conv1d heads", "[N, K, T]", "NCT"),
    Source(pooling.AtrousHead, "githubharald/SimpleHTR, ported", "head as a 1×1 convolution over [N, 2H, 1, T]"),
    Source(networks.WidthFirst, "Belval/CRNN, gasparian/CRNN-OCR-lite, Keras", "[N, W, H, 1], softmax", "NTC"),
    Source(networks.BestClasses, "we0091234/crnn_plate_recognition, export=True", "argmax inside", "NT"),
    Source(networks.PixelsInside, "exports for phones", "normalisation inside"),
)
# Of each way to export: opset, and which axes are free. The exporter that traces is PyTorch's old one.
TRACED = {"traced, fixed": (11, ""), "traced, any batch": (14, "N"), "traced, any batch and width": (12, "NW")}
TRACED |= {"traced, opset 9": (9, "NW")}
WAYS = (*TRACED, "dynamo", "weights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("--only", default="", help="name of one network")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [source for source in SOURCES if arguments.only in ("", source.network.__name__)]
    rows = [(source, {way: outcome(source, way) for way in WAYS}) for source in chosen]
    arguments.result.write_text(table(rows))


def outcome(source: Source, way: str) -> str:
    """What became of a network that was exported one way."""
    model = made(source)
    print(source.network.__name__, way, end=": ", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            file = exported(model, source, way, folder)
        except Exception as error:  # exporters raise all kinds
            result = f"not exported: {type(error).__name__}"
        else:
            result = imported(model, source, way, file)
    print(result, file=sys.stderr, flush=True)
    return result


def made(source: Source) -> nn.Module:
    """The network with random weights, statistics of noise in its normalisation, and logits that differ."""
    torch.manual_seed(0)
    model = source.network().train()
    with torch.no_grad():
        for _ in range(20):
            model(images(source, 3, WIDTH))
    return model.eval()


def images(source: Source, count: int, width: int) -> Tensor:
    x = torch.rand(count, source.colours, 32, width) * 2 - 1
    if source.network is networks.PixelsInside:
        return (x * 127 + 127).round()
    return x.permute(0, 3, 2, 1).contiguous() if source.network is networks.WidthFirst else x


def exported(model: nn.Module, source: Source, way: str, folder: Path) -> Path:
    """The file that a user would have. Raises what the exporter raises."""
    if way == "weights":
        torch.save(model.state_dict(), folder / "given.pth")
        return folder / "given.pth"
    file = folder / "given.onnx"
    across = 1 if source.network is networks.WidthFirst else 3
    if way == "dynamo":
        free = {0: torch.export.Dim.DYNAMIC, **({across: torch.export.Dim.DYNAMIC} if source.free else {})}
        example = (images(source, 2, WIDTH),)
        torch.onnx.export(model, example, file, dynamo=True, dynamic_shapes=(free,), external_data=False, verbose=False)
        return file
    opset, axes = TRACED[way]
    if axes == "NW" and not source.free:
        axes = "N"
    batch = source.layout.index("N")
    named = {"x": {0: "N"}, "y": {batch: "N"}} if axes else {}
    if axes == "NW":
        named["x"][across] = "W"
        named["y"][source.layout.index("T")] = "T"
    example = images(source, 1, WIDTH)
    names: dict[str, Any] = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(model, example, file, opset_version=opset, dynamic_axes=named, dynamo=False, **names)
    return file


def imported(model: nn.Module, source: Source, way: str, file: Path) -> str:
    """Import a file, and compare."""
    free = source.free and way not in ("traced, fixed", "traced, any batch")
    width = "width_multiple: 4, min_width: 16" if free else f"width: {WIDTH}"
    pixels = "mean: [0], std: [0.00392156862745098]" if source.network is networks.PixelsInside else "mean: [0.5]"
    colours = "RGB" if source.colours == 3 else "L"
    spec = file.with_name("spec.yaml")
    spec.write_text(f"charset: '0123456789'\npreprocessing: {{height: 32, channels: {colours}, {width}, {pixels}}}\n")
    module = f"{inspect.getfile(source.network)}:{source.network.__name__}" if way == "weights" else None
    output = file.with_name(f"out{'.safetensors' if module else '.onnx'}")
    try:
        artifact = import_checkpoint(ImportConfig(checkpoint=file, spec=spec, output=output, module=module))
        worst = difference(model, source, artifact, (WIDTH, OTHER_WIDTH) if free else (WIDTH,))
    except InputError as error:
        return f"refused: {error.what}".replace(str(file), "it").replace("\n", " ")
    return "same" if worst < TOLERANCE else f"DIFFERS by {worst:.2g}"


@torch.no_grad()
def difference(model: nn.Module, source: Source, artifact: Artifact, widths: tuple[int, ...]) -> float:
    """Largest difference of logarithms of probabilities, for one image and three."""
    session = opened(artifact)
    worst = 0.0
    for width in widths:
        for count in (1, 3):
            x = images(source, count, width)
            one_by_one = torch.cat([as_frames(model(each[None]), source.layout) for each in x])
            given = x.permute(0, 3, 2, 1) if source.network is networks.WidthFirst else x
            ours = torch.from_numpy(session.run(given.contiguous().numpy())).log_softmax(-1)
            worst = max(worst, float((ours - one_by_one).abs().max()))
    return worst


def opened(artifact: Artifact) -> Session:
    if artifact.format == "onnx":
        return open_session(artifact)
    tensors = read_safetensors(artifact.path)
    return TorchSession(
        build_with_weights(artifact.spec, tensors, str(artifact.path), trust_module=True), artifact.spec
    )


def as_frames(outputs: Any, layout: str) -> Tensor:
    """Logarithms of probabilities `[N, T, K]`."""
    frames: Tensor = outputs[0] if isinstance(outputs, tuple) else outputs
    frames = frames.permute(*(layout.index(axis) for axis in "NTC"))
    probable = bool((frames >= 0).all()) and bool(((frames.sum(-1) - 1).abs() < 1e-3).all())
    return frames.log() if probable else frames.log_softmax(-1)


def table(rows: list[tuple[Source, dict[str, str]]]) -> str:
    lines = ["| network | form of | what is particular | " + " | ".join(WAYS) + " |", "|---" * (3 + len(WAYS)) + "|"]
    notes: dict[str, int] = {}

    def short(text: str) -> str:
        return text if text == "same" else f"[{notes.setdefault(text, len(notes) + 1)}]"

    for source, outcomes in rows:
        cells = " | ".join(short(outcomes[way]) for way in WAYS)
        lines.append(f"| `{source.network.__name__}` | {source.sources} | {source.form} | {cells} |")
    return "\n".join([*lines, "", *(f"{number}. {text}" for text, number in notes.items())]) + "\n"


if __name__ == "__main__":
    main()
