"""10,000 bodies that are no lines, at a server of `package --target http`: does it stay up, right and small?

python benchmarks/http/hostile.py student.int8.onnx -o benchmarks/results/http-hostile
"""

from __future__ import annotations

import argparse
import asyncio
import io
import struct
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "lib")]
from http_server.clients import Client
from http_server.server import Server
from side_by_side import table, write_results

from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package

LIMITS = {"READER_BYTES": "1000000", "READER_SECONDS": "5"}
CLIENTS = 16
SLOW = "a body that comes slowly, or never"

Make = Callable[[np.random.Generator, bytes], bytes]


def _mutated(rng: np.random.Generator, line: bytes) -> bytes:
    changed = bytearray(line)
    for place in rng.integers(0, len(line), rng.integers(1, 40)):
        changed[place] = rng.integers(0, 256)
    return bytes(changed)


def _bomb(rng: np.random.Generator, _line: bytes) -> bytes:
    """A PNG of a few kilobytes that claims to have up to 2³¹ pixels a side."""
    side = int(rng.choice([5_000, 40_000, 2**31 - 1]))
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(bytes(100_000), 9)]
    ends = [*chunks, b"IEND"]
    packed = (struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in ends)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _odd(rng: np.random.Generator, _line: bytes) -> bytes:
    """A right image of an odd size or mode."""
    mode = str(rng.choice(["1", "L", "LA", "RGBA", "P", "I;16"]))
    size = tuple(int(side) for side in rng.choice([1, 2, 3, 900], 2))
    encoded = io.BytesIO()
    Image.new(mode, (size[0], size[1])).save(encoded, "PNG")
    return encoded.getvalue()


BODIES: dict[str, Make] = {
    "nothing": lambda _rng, _line: b"",
    "random bytes": lambda rng, _line: rng.bytes(int(rng.integers(1, 4000))),
    "the beginning of an image": lambda rng, line: line[: int(rng.integers(1, len(line)))],
    "an image with wrong bytes": _mutated,
    "a header that claims many pixels": _bomb,
    "an image of an odd size or kind": _odd,
    "more bytes than are allowed": lambda _rng, _line: bytes(int(LIMITS["READER_BYTES"]) + 1),
    "text": lambda rng, _line: b"<html>" * int(rng.integers(1, 400)),
}


async def attack(server: Server, line: bytes, count: int, seed: int) -> dict[str, Counter[str]]:
    """Answers to each kind of body, by status; `end` where the connection ended."""
    seen = {kind: Counter[str]() for kind in (*BODIES, SLOW)}
    numbers = iter(range(count))

    async def one() -> None:
        client = Client(server.port)
        for number in numbers:
            rng = np.random.default_rng((seed, number))
            kind = [*BODIES][number % len(BODIES)]
            try:
                answer = await client.read(BODIES[kind](rng, line))
                seen[kind][str(answer.status)] += 1
            except (OSError, EOFError):
                seen[kind]["end"] += 1
                client.close()

    await asyncio.gather(*(one() for _ in range(CLIENTS)), _slow(server, seen[SLOW], max(1, count // 200)))
    return seen


async def _slow(server: Server, seen: Counter[str], count: int) -> None:
    """Connections that say how much will come, and send a part of it."""

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"x" * 10)
        try:
            status = (await asyncio.wait_for(reader.readline(), 60)).split()[1:2]
            seen[status[0].decode() if status else "end"] += 1
        except TimeoutError:
            seen["no answer in a minute"] += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(count)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an artifact that reads lines")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    row = measure(options.model, options.count)
    text = table(
        ("body", "answers by status"),
        [(kind, ", ".join(f"{k}: {n:,}" for k, n in sorted(found.items()))) for kind, found in row["answers"].items()],
    )
    memory = " → ".join(f"{size / 1e6:.0f} MB" for size in row["resident_bytes"])
    said = f"Memory at the start, after a tenth, at the end: {memory}. Right answers afterwards: {row['right_after']}."
    print(text, said, sep="\n\n")
    if options.output is not None:
        settings = {"model": options.model.name, "bodies": options.count, "clients": CLIENTS, **LIMITS}
        write_results(options.output, "Bodies that are no lines", [text, said], [row], settings)
    return 0 if row["right_after"] else 1


def measure(model: Path, count: int) -> dict[str, Any]:
    """Answers by kind of body, and what the server holds before, after a tenth of the bodies, and after all."""
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder) / "server"
        made = package(PackageConfig(model=model, target="http", output=served))
        example = made.examples[0]
        line = (served / "examples" / Path(example.path).name).read_bytes()
        server = Server(served, **LIMITS)
        try:
            sizes = [server.resident()]
            first = asyncio.run(attack(server, line, count // 10, seed=0))
            sizes.append(server.resident())
            rest = asyncio.run(attack(server, line, count - count // 10, seed=1))
            sizes.append(server.resident())
            right = asyncio.run(Client(server.port).read(line)).text == example.text
        finally:
            code = server.end()
    return {
        "answers": {kind: first[kind] + rest[kind] for kind in first},
        "resident_bytes": sizes,
        "right_after": right,
        "exit_code": code,
    }


if __name__ == "__main__":
    raise SystemExit(main())
