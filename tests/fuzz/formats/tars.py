"""Tar archives: fields of the headers with a right checksum, order and number of the members, and raw bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, number, text
from fuzz.small_models import labelled_folder, line_model

BLOCK = tarfile.BLOCKSIZE
# Place and size of the fields of a header: name, mode, uid, size, time, type, link, magic, prefix.
FIELDS = ((0, 100), (100, 8), (108, 8), (124, 12), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (345, 155))
TYPES = b"0\x001234567xgLKSZ"
CHECKSUM = slice(148, 156)


def seeds() -> list[Seed]:
    files = {name.removeprefix("set/"): data for name, data in labelled_folder().items()}
    images = {name: data for name, data in files.items() if name.endswith(".png")}
    commands = {
        "evaluate m.onnx --data set.tar --json": 3,
        "predict set.tar --model m.onnx --json": 3,
        "inspect set.tar": 1,
    }
    return [
        Seed({"set.tar": _archive(files), "m.onnx": line_model()}, "set.tar", commands),
        Seed({"set.tar": _archive(images), "m.onnx": line_model()}, "set.tar", commands),
        Seed({"set.tar": _archive(files, tarfile.PAX_FORMAT), "m.onnx": line_model()}, "set.tar", commands),
    ]


def _archive(files: dict[str, bytes], kind: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if kind == tarfile.PAX_FORMAT:
                member.pax_headers = {"comment": "made for a test", "path": name}
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def mutate(random: Random, data: bytes) -> bytes:
    headers = [at for at in range(0, len(data) - BLOCK + 1, BLOCK) if data[at + 257 : at + 262] == b"ustar"]
    kind = random.randrange(10)
    if kind == 0 or not headers:
        return mutate_bytes(random, data)
    if kind == 1:
        return (
            gzip.compress(data) if random.random() < 0.3 else data[: BLOCK * random.randrange(len(data) // BLOCK + 1)]
        )
    at = random.choice(headers)
    if kind == 2:
        end = next((other for other in headers if other > at), len(data))
        place = random.choice([*headers, len(data)])
        return data[:place] + data[at:end] + data[place:]
    if kind == 3:  # the content
        return data[: at + BLOCK] + mutate_bytes(random, data[at + BLOCK :])
    return data[:at] + _mutate_header(random, data[at : at + BLOCK]) + data[at + BLOCK :]


def _mutate_header(random: Random, header: bytes) -> bytes:
    place, size = random.choice(FIELDS)
    if size == 1:
        new = bytes([random.choice(TYPES)])
    elif size in (8, 12):
        new = _number_field(random, size)
    else:
        new = text(random).encode("utf-8", "replace")[:size].ljust(size, b"\0")
    header = header[:place] + new + header[place + size :]
    if random.random() < 0.1:
        return header
    total = sum(header) - sum(header[CHECKSUM]) + 8 * ord(" ")
    return header[: CHECKSUM.start] + b"%06o\0 " % total + header[CHECKSUM.stop :]


def _number_field(random: Random, size: int) -> bytes:
    """A number as octal digits or in base 256, or something else."""
    kind, chosen = random.randrange(3), number(random)
    if kind == 0:
        return b"%0*o" % (size, abs(chosen) % 8**size)
    if kind == 1:
        return b"\x80" + (chosen % 256 ** (size - 1)).to_bytes(size - 1, "big")
    return (b"-%o" % (abs(chosen) % 8**6)).ljust(size, random.choice((b"\0", b" ")))


FORMAT = Format("tar", seeds, mutate)
