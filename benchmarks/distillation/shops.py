"""Divides receipt lines into folds that have no shop in common, to choose ways of training without the test lines.

    python benchmarks/distillation/shops.py DATA/sroie_lines/train.tar --folds 4 -o WORK/folds

Fold K is the folder `WORK/folds/K` with `held.tar`, the lines of its shops, and `train.tar`, those of all others. Six
shops have 58 % of the lines of SROIE, and are in `train.tar` always, so that every fold measures many shops.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from part_of_tar import Row, write_part

from crnn_deploy.data.sources.opening import open_source

LARGE = 12  # receipts; shops with as many are never held out
_REGISTRATION = re.compile(r"\d{4,7}-[A-Z]\b|\b0\d{11}\b")  # of a company, or for its tax
_COMPANY = re.compile("SDN|BHD|ENTERPRISE|TRADING|RESTORAN|RESTAURANT|MART|STATION|SHOP|HARDWARE|CAFE")
_ADDRESS = re.compile("JALAN|JLN|LOT|NO|TAMAN|ROAD")


def signs(lines: Sequence[str]) -> Iterator[str]:
    """What tells the shop of a receipt: registration numbers anywhere, names and addresses in the first lines."""
    for position, line in enumerate(lines):
        yield from _REGISTRATION.findall(line.replace(" ", ""))
        text = re.sub(r"\W", "", line.upper())
        letters = re.sub("[^A-Z]", "", text)
        if position < 6 and len(letters) >= 9 and _COMPANY.search(letters):
            yield letters.split("SDNBHD")[0]
        if position < 5 and len(text) >= 12 and _ADDRESS.search(text) and re.search(r"\d", text):
            yield text


def shops(receipts: dict[str, list[str]]) -> list[list[str]]:
    """Receipts that share a sign, directly or through others, as one shop; the shop with most receipts first."""
    leader = {name: name for name in receipts}

    def led_by(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    first_with: dict[str, str] = {}
    for name, lines in receipts.items():
        for sign in signs(lines):
            if len(sign) >= 6:
                leader[led_by(name)] = led_by(first_with.setdefault(sign, name))
    members: dict[str, list[str]] = defaultdict(list)
    for name in receipts:
        members[led_by(name)].append(name)
    return sorted(members.values(), key=lambda shop: (-len(shop), shop))


def receipt_of(image: str) -> str:
    return Path(image).name.split("_")[0]


def divide(rows: Sequence[Row], folds: int) -> list[list[Row]]:
    """Rows to hold out in each fold: whole shops, dealt so that the folds are of about the same size."""
    receipts: dict[str, list[str]] = defaultdict(list)
    for image, text in rows:
        receipts[receipt_of(image)].append(text)
    dealt: list[set[str]] = [set() for _ in range(folds)]
    lines = [0] * folds
    for shop in shops(receipts):
        if len(shop) < LARGE:
            smallest = lines.index(min(lines))
            dealt[smallest].update(shop)
            lines[smallest] += sum(len(receipts[name]) for name in shop)
    return [[row for row in rows if receipt_of(row[0]) in held] for held in dealt]


def main(
    data: Path,
    folds: Annotated[int, typer.Option(min=1)] = 4,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("folds"),
) -> None:
    source = open_source(str(data))
    rows = [(source.item_name(i), source.text(i)) for i in range(len(source))]
    for number, held in enumerate(divide(rows, folds)):
        folder = output / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        receipts = {receipt_of(image) for image, _ in held}
        write_part(data, held, folder / "held.tar")
        write_part(data, [row for row in rows if receipt_of(row[0]) not in receipts], folder / "train.tar")
        print(f"{folder}: {len(held):,} lines of {len(receipts)} receipts held out")


if __name__ == "__main__":
    typer.run(main)
