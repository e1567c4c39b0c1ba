"""Writes plates to train with beside real ones: joined from parts of these, and drawn.

python benchmarks/plates/make_plates.py DATA/ccpd_plate_crops/train.tar --teacher plates.onnx -o extra.tar
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from drawn import photograph, text
from joined import join, plates
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.data.rendering.output import png, write_output
from crnn_deploy.data.sources.opening import open_source


def pictures(data: Path, teacher: Path, joined: int, drawn: int, seed: int) -> Iterator[tuple[str, Image.Image]]:
    found = plates(open_source(str(data)), Reader(teacher, threads=1))
    print(f"{len(found):,} plates can be cut")
    for index in range(joined):
        yield join(found, np.random.default_rng((seed, 0, index)))
    for index in range(drawn):
        rng = np.random.default_rng((seed, 1, index))
        number = text(rng, of_anhui=0.3)
        yield number, photograph(number, rng)


def files(made: Iterator[tuple[str, Image.Image]]) -> Iterator[tuple[str, bytes]]:
    labels = []
    for index, (number, image) in enumerate(made):
        name = f"images/{index:06}.png"
        labels.append(f"{name}\t{number}\n")
        yield name, png(image)
    yield "labels.tsv", "".join(labels).encode()


def main(
    data: Path,
    teacher: Annotated[Path, typer.Option(help="An artifact that reads plates, to find their characters.")],
    output: Annotated[Path, typer.Option("--output", "-o")],
    joined: int = 12_000,
    drawn: int = 2_000,
    seed: int = 5,
) -> None:
    write_output(files(pictures(data, teacher, joined, drawn, seed)), output, force=True)


if __name__ == "__main__":
    typer.run(main)
