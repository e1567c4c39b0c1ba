"""Reads the same lines with kraken and with crnn-deploy, and counts how many texts are equal.

Two environments: one with kraken 7.1, one with crnn-deploy. In the first, which can also make networks with random
weights to read with, then in the second:

    python benchmarks/families/with_kraken.py made FOLDER
    python benchmarks/families/with_kraken.py theirs LINES MODEL... -o theirs.json
    python benchmarks/families/with_kraken.py ours LINES MODEL... --theirs theirs.json

LINES is a folder of images, of which each is one line. kraken reads with its own `RecognitionTaskModel`, one line at a
time, as a box over the whole image, or, for models of baselines, with a baseline through its middle. Both give the text
in display order, as the network writes it: kraken without its reordering, crnn-deploy with `text_order: logical`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

ENDINGS = (".png", ".jpg", ".jpeg")
CHARSET = " -.,:/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NETWORKS = {
    "default": "[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 "
    "S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c{}]",
    "rgb": "[1,40,0,3 Ct3,3,16,2,1 Gn8 Clr3,5,24,1,2,1,2 Mp3,2,2,2 S1(1x0)1,3 Lfx48 Lrx32 O1c{}]",
    "columns": "[1,36,0,1 Ct3,3,16 Mp3,3 Lfys48 Lfx96 Lrx96 Lbx64 O1c{}]",
    "two_ways": "[1,32,0,1 Cr3,3,16,2,2 Lby8 Cr3,3,24,2,1 Lbys16 Gbx32 O1c{}]",
    "rows_only": "[1,1,0,48 Lbx100 O1c{}]",
    "fixed": "[1,48,600,1 Cl3,3,16,2,2 Mp2,2 S1(1x0)1,3 Lbx64 O1c20 O1c{}]",
}
Reading = tuple[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("whose", choices=("made", "theirs", "ours"))
    parser.add_argument("lines", type=Path)
    parser.add_argument("models", type=Path, nargs="*")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--theirs", type=Path)
    parser.add_argument("--most", type=int, default=200, help="lines that are read")
    arguments = parser.parse_args()
    if arguments.whose == "made":
        make(arguments.lines)
        return
    images = sorted(path for path in arguments.lines.rglob("*") if path.suffix in ENDINGS)[: arguments.most]
    read = read_theirs if arguments.whose == "theirs" else read_ours
    texts = {model.name: dict(read(model, images)) for model in arguments.models}
    result = compared(texts, json.loads(arguments.theirs.read_text("utf-8"))) if arguments.theirs else texts
    text = json.dumps(result, ensure_ascii=False, indent=1)
    if arguments.output:
        arguments.output.write_text(text + "\n", "utf-8")
    else:
        print(text)


def make(folder: Path) -> None:
    """Write networks with random weights to both formats: with multiplied heads, as fresh ones read nothing."""
    import torch
    from kraken.models import create_model
    from kraken.models.writers import write_coreml, write_safetensors

    folder.mkdir(parents=True, exist_ok=True)

    for seed, (name, spec) in enumerate(NETWORKS.items()):
        torch.manual_seed(seed)
        codec = {character: [code] for code, character in enumerate(CHARSET, 1)}
        last = len(CHARSET)
        codec |= {"ffi": [last + 1, 3], "æ": [last + 1, last + 1], "ʒ": [last + 2, 5, 7]}
        kind = "bbox" if seed % 2 else "baselines"
        model = create_model(
            "TorchVGSLModel",
            vgsl=spec.format(last + 3),
            codec=codec,
            model_type=["recognition"],
            seg_type=kind,
            one_channel_mode="L",
            legacy_polygons=False,
        )
        with torch.no_grad():
            for weight in model.nn[-1].parameters():
                weight.mul_(30).add_(torch.randn_like(weight))
        write_safetensors([model], folder / f"{name}.safetensors")
        write_coreml([model], folder / f"{name}.mlmodel")


def read_theirs(model: Path, images: list[Path]) -> Iterator[tuple[str, Reading]]:
    """Name of each image, and its text with the mean probability of the characters, as kraken reads it."""
    from kraken.configs import RecognitionInferenceConfig
    from kraken.containers import BaselineLine, BBoxLine, Segmentation
    from kraken.tasks import RecognitionTaskModel
    from PIL import Image

    reader = RecognitionTaskModel.load_model(model)
    config = RecognitionInferenceConfig(bidi_reordering=False, num_line_workers=0, accelerator="cpu", device=1)
    kind = "baselines" if reader.seg_type == "baselines" else "bbox"
    for path in images:
        image = Image.open(path)
        right, bottom = image.width - 1, image.height - 1
        if kind == "bbox":
            line = BBoxLine(id="line", bbox=(0, 0, image.width, image.height))
        else:
            corners = [(0, 0), (right, 0), (right, bottom), (0, bottom)]
            line = BaselineLine(id="line", baseline=[(0, bottom // 2), (right, bottom // 2)], boundary=corners)
        page = Segmentation(
            type=kind,
            imagename=str(path),
            text_direction="horizontal-lr",
            script_detection=False,
            lines=[line],
            regions={},
            line_orders=[],
        )
        record = next(reader.predict(image, page, config))
        yield path.name, (record.prediction, sum(record.confidences) / max(1, len(record.confidences)))


def read_ours(model: Path, images: list[Path]) -> Iterator[tuple[str, Reading]]:
    """The same, as the imported and exported model reads in ONNX Runtime."""
    from tempfile import TemporaryDirectory

    from crnn_deploy import api

    with TemporaryDirectory() as folder:
        weights, onnx = Path(folder) / "kraken.safetensors", Path(folder) / "kraken.onnx"
        as_written = Path(folder) / "spec.yaml"
        as_written.write_text("text_order: logical\n", encoding="utf-8")
        api.import_checkpoint(api.ImportConfig(checkpoint=model, output=weights, spec=as_written))
        api.export(api.ExportConfig(model=weights, output=onnx))
        for reading in api.predict(api.PredictConfig(images=tuple(map(str, images)), model=onnx)).readings:
            yield Path(reading.path).name, (reading.text, reading.confidence)


def compared(ours: dict[str, dict[str, Reading]], theirs: dict[str, dict[str, Reading]]) -> dict[str, object]:
    """For each model: lines, equal texts, different texts among kraken's, and the largest difference in probability."""
    result: dict[str, object] = {}
    for model, readings in ours.items():
        known = theirs[model]
        different = [name for name, (text, _) in readings.items() if text != known[name][0]]
        result[model] = {
            "lines": len(readings),
            "equal": len(readings) - len(different),
            "distinct": len({text for text, _ in known.values()}),
            "probability": max(abs(sure - known[name][1]) for name, (text, sure) in readings.items() if text),
            "differences": [(name, readings[name], known[name]) for name in different[:5]],
        }
    return result


if __name__ == "__main__":
    main()
