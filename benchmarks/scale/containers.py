"""CPU time to open 100,000 lines for the first time and again: in folders, archives and Parquet files.

    python benchmarks/scale/containers.py --lines DATA/sroie_lines/train.tar -o benchmarks/results/scale-containers

Each opening is a process of its own. The files of folders are hard links to a few.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # of side_by_side

import pyarrow
import pyarrow.parquet
from growth import cpu_seconds
from make_lmdb import commented, short_lines, write
from side_by_side import table, write_results

from crnn_deploy.data.sources.opening import open_source

_SHARDS = 10
Lines = list[tuple[bytes, bytes]]


def folder_of_lines(lines: Lines, count: int, place: Path) -> None:
    _link(lines, place, [f"{number:06}.jpg" for number in range(count)])
    rows = [f"{number:06}.jpg\t{lines[number % len(lines)][1].decode()}\n" for number in range(count)]
    (place / "labels.tsv").write_text("".join(rows), "utf-8")


def folder_of_classes(lines: Lines, count: int, place: Path) -> None:
    for name in range(100):
        (place / f"{name:02}").mkdir(parents=True)
    _link(lines, place, [f"{number % 100:02}/{number:06}.jpg" for number in range(count)])


def zip_file(lines: Lines, count: int, place: Path) -> None:
    with zipfile.ZipFile(place, "w") as archive:
        for number, (image, text) in _numbered(lines, 0, count):
            archive.writestr(f"{number:06}.jpg", commented(image, number))
            archive.writestr(f"{number:06}.gt.txt", text)


def parquet_files(lines: Lines, count: int, place: Path) -> None:
    place.mkdir()
    each = count // _SHARDS
    for shard in range(_SHARDS):
        rows = list(_numbered(lines, shard * each, each))
        images = [{"bytes": commented(image, number), "path": None} for number, (image, _) in rows]
        columns = pyarrow.table({"image": images, "text": [text.decode() for _, (_, text) in rows]})
        name = f"train-{shard:05}-of-{_SHARDS:05}.parquet"
        pyarrow.parquet.write_table(columns, place / name, row_group_size=1000)


_FORMS: dict[str, tuple[str, Callable[[Lines, int, Path], None]]] = {
    "LMDB": ("lmdb", write),
    "zip, texts beside the images": ("lines.zip", zip_file),
    f"{_SHARDS} Parquet files": ("parquet", parquet_files),
    "folder with labels.tsv": ("lines", folder_of_lines),
    "folder of 100 classes": ("classes", folder_of_classes),
}


def opened(location: str) -> float:
    """CPU seconds of all processes to open a source and to ask for its index."""
    before = cpu_seconds()
    open_source(location).facts()
    return cpu_seconds() - before


def row(name: str, lines: Lines, count: int, work: Path) -> tuple[str, ...]:
    file, make = _FORMS[name]
    make(lines, count, work / file)
    environment = {**os.environ, "CRNN_DEPLOY_CACHE": str(work / "cache")}
    command = [sys.executable, __file__, "--measure", str(work / file)]
    seconds = [
        float(json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout))
        for _ in range(4)
    ]
    found = name, f"{seconds[0]:.2f}", f"{min(seconds[1:]):.3f}"
    print(found, flush=True)
    return found


def _link(lines: Lines, place: Path, names: list[str]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    few = place.parent / f"{place.name}-few"
    few.mkdir()
    for number, (image, _) in enumerate(lines):
        (few / str(number)).write_bytes(image)
    for number, name in enumerate(names):
        (place / name).hardlink_to(few / str(number % len(lines)))


def _numbered(lines: Lines, start: int, count: int) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    return ((number, lines[number % len(lines)]) for number in range(start, start + count))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", help="A source of lines with their texts.")
    parser.add_argument("--count", type=int, default=10**5)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(opened(given.measure)))
        return
    lines = short_lines(open_source(given.lines))
    with tempfile.TemporaryDirectory() as work:
        rows: list[Any] = [row(name, lines, given.count, Path(work)) for name in _FORMS]
    told = (
        f"{given.count:,} lines, made of {len(lines):,} real receipt lines at 32 pixels of height (JPEG). *First*: "
        "opened and looked through. *Again*: from the index that was kept, best of three. CPU seconds are those of "
        "all processes; a folder is listed each time, to see whether a file in it is new or has changed."
    )
    heads = ("source", "first, CPU s", "again, CPU s")
    write_results(given.output, "Opening a source again", [told, table(heads, rows)], rows, {"count": given.count})


if __name__ == "__main__":
    main()
