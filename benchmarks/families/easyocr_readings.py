"""What EasyOCR's own code reads, for `easyocr_parity.py`; runs where the package `easyocr` is installed.

    python benchmarks/families/easyocr_readings.py LINES.tar FOLDER [--real english_g2.pth]

Writes to FOLDER a checkpoint with random weights for each published recogniser, and to `readings.json` the text of
each line, read alone by `Reader.recognize`. For random weights, lines are cut to 1.5 times their height, because
generation 1 is slow, and have the height of 64 pixels already: these networks react to the rounding of a resize.
`logits.npz` holds an input and its logits of each. With `--real`, whole lines are read with real weights too.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import easyocr
import numpy as np
import torch
from easyocr.config import recognition_models
from easyocr.easyocr import calculate_md5
from easyocr.model import model as generation1
from easyocr.model import vgg_model as generation2
from PIL import Image
from torch import nn

SIZES = {"gen1": 512, "gen2": 256}
SHORT = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100, help="of short lines for random weights")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--real-count", type=int, default=400)
    parser.add_argument("--own", action="store_true", help="no English beside the language that a model is for")
    parser.add_argument("--only", default="", help="models whose name contains this")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    readings: dict[str, Any] = {}
    logits: dict[str, Any] = {}
    if options.real:
        shutil.copy(options.real, options.folder / "english_g2.pth")
        reader = opened("gen2", "english_g2", options.folder, ["en"])
        for ths, key in ((0.0, "real"), (0.1, "real with a second look at low contrast")):
            readings[key] = {n: read(reader, line, ths) for n, line in pictures(options.lines, options.real_count)}
        (options.folder / "real.json").write_text(json.dumps(readings, ensure_ascii=False, indent=1))
        return
    short = [(n, shortened(line)) for n, line in pictures(options.lines, options.count)]
    for generation, models in recognition_models.items():
        for name, model in models.items():
            if options.only not in name:
                continue
            weights = random_weights(generation, len(model["characters"]) + 1)
            torch.save(weights, options.folder / model["filename"])
            own = own_languages(model["model_script"])
            for languages in (own, ["en"])[: 1 if options.own else 2]:
                reader = opened(generation, name, options.folder, languages)
                readings[f"{name} {','.join(languages)}"] = {n: read(reader, line, 0.0) for n, line in short}
            image = torch.rand(1, 1, 64, 128) * 2 - 1
            with torch.inference_mode():
                logits[f"{name} image"] = image.numpy()
                logits[f"{name} logits"] = reader.recognizer.eval()(image, None).numpy()
            (options.folder / f"readings{options.only}.json").write_text(json.dumps(readings, ensure_ascii=False))
            np.savez(options.folder / f"logits{options.only}.npz", **logits)
            print(name, flush=True)


def shortened(line: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    part = Image.fromarray(line[:, : int(SHORT * len(line))])
    return np.asarray(part.resize((round(64 * part.width / part.height), 64), Image.Resampling.BICUBIC))


def own_languages(script: str) -> list[str]:
    """A language that the model is for, beside English."""
    code = {"latin": "fr", "chinese_tra": "ch_tra", "chinese_sim": "ch_sim", "japanese": "ja", "korean": "ko"}
    code |= {"thai": "th", "devanagari": "hi", "cyrillic": "ru", "arabic": "ar", "tamil": "ta", "bengali": "bn"}
    code |= {"telugu": "te", "kannada": "kn", "english": "en"}
    return [code[script]]


def random_weights(generation: str, classes: int) -> dict[str, torch.Tensor]:
    """Weights of EasyOCR's own network that make it read many characters, under the names of DataParallel."""
    torch.manual_seed(classes)
    package = generation1 if generation == "gen1" else generation2
    network = package.Model(1, SIZES[generation], SIZES[generation], classes)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.LSTM):
            for weight in module.parameters():
                weight.data *= 3
    network.Prediction.weight.data *= 10
    return {f"module.{name}": tensor for name, tensor in network.state_dict().items()}


def opened(generation: str, name: str, folder: Path, languages: list[str]) -> easyocr.Reader:
    model = recognition_models[generation][name]
    model["md5sum"] = calculate_md5(folder / model["filename"])
    given = {"model_storage_directory": str(folder), "user_network_directory": str(folder), "download_enabled": False}
    reader = easyocr.Reader(languages, gpu=False, detector=False, recog_network=name, quantize=False, **given)
    reader.model_lang = ""  # Arabic in the order of the network: turning it round is the business of the display
    return reader


def read(reader: easyocr.Reader, line: np.ndarray[Any, Any], contrast: float) -> str:
    found = reader.recognize(line, contrast_ths=contrast, workers=0, detail=0)
    return "".join(found)


def pictures(tar: Path, count: int) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Name and grey pixels `[H, W]` of the first lines of a tar."""
    found = []
    with tarfile.open(tar) as archive:
        for member in archive:
            if not member.name.endswith((".png", ".jpg")):
                continue
            content = archive.extractfile(member)
            assert content is not None
            found.append((member.name, np.asarray(Image.open(io.BytesIO(content.read())).convert("L"))))
            if len(found) == count:
                break
    return found


if __name__ == "__main__":
    main()
