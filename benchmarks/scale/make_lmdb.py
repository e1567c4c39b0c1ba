"""Makes an LMDB of many lines from few: real lines at 32 pixels of height, each with a comment that makes it unique.

python benchmarks/scale/make_lmdb.py --lines DATA/sroie_lines/train.tar --count 1000000 -o FOLDER
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import lmdb
from PIL import Image

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source

_UNIQUE = 2000
_AT_ONCE = 20_000
_WIDEST = 160


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", required=True, help="A source of lines with their texts.")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    write(short_lines(open_source(given.lines)), given.count, given.output)


def short_lines(source: Source, widths: tuple[int, int] = (0, _WIDEST)) -> list[tuple[bytes, bytes]]:
    """JPEG and text of the first lines that have these widths (pixels, from and to) at a height of 32."""
    found = []
    for index in range(len(source)):
        image = source.image(index)
        assert isinstance(image, Image.Image)
        width = round(image.width * 32 / image.height)
        if widths[0] <= width <= widths[1]:
            out = io.BytesIO()
            image.convert("L").resize((max(8, width), 32)).save(out, "JPEG", quality=75)
            found.append((out.getvalue(), source.text(index).encode()))
        if len(found) == _UNIQUE:
            break
    return found


def write(lines: list[tuple[bytes, bytes]], count: int, output: Path) -> None:
    """An LMDB in the layout of deep-text-recognition-benchmark; written in the order of keys, it has full pages."""
    output.mkdir(parents=True)
    with lmdb.open(str(output), map_size=count * 8192 + (1 << 24), writemap=True, sync=False) as database:
        put(database, count, b"image-%09d", lambda number: commented(lines[number % len(lines)][0], number))
        put(database, count, b"label-%09d", lambda number: lines[number % len(lines)][1])
        with database.begin(write=True) as transaction:
            transaction.put(b"num-samples", str(count).encode())


def put(database: lmdb.Environment, count: int, key: bytes, value: Callable[[int], bytes]) -> None:
    """Write the values of all lines, whose keys have numbers from 1."""
    for start in range(0, count, _AT_ONCE):
        with database.begin(write=True) as transaction:
            for number in range(start, min(count, start + _AT_ONCE)):
                transaction.put(key % (number + 1), value(number), append=True)


def commented(jpeg: bytes, number: int) -> bytes:
    """The same picture with a comment, so that its content is unique."""
    return jpeg[:2] + b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big") + jpeg[2:]


if __name__ == "__main__":
    main()
