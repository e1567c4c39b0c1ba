"""The server of `package --target http` under load: lines a second beside `Reader`, refusals, an end that loses none.

python benchmarks/http/load.py student.int8.onnx --data DATA/val.tar -o benchmarks/results/http-load

The clients run on the same cores, so the server has less than all of them; `Reader` has them alone. They are plain
streams of asyncio, and look for nothing in an answer but its status and its text. Processor time a line says the same
as lines a second where nothing else runs, and also something where other work takes the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "lib")]
from http_server.clients import Client
from http_server.server import Server
from side_by_side import table, write_results

from crnn_deploy import Reader
from crnn_deploy.data.picture import file_bytes
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package

LOST = 0  # in place of a status, where the connection ended before the answer


@dataclass
class Seen:
    """What clients saw of a server."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    seconds: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    wall: float = 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the right answers came."""
        return 1000 * float(np.percentile(self.seconds, share))


async def ask_until(
    client: Client, lines: Sequence[bytes], texts: Sequence[str], first: int, stop: asyncio.Event, seen: Seen
) -> None:
    """Ask one line after the other until told to stop, or the server is gone."""
    for number in count(first, 7):  # clients read different lines at a time
        if stop.is_set():
            return
        at = number % len(lines)
        try:
            answer = await client.read(lines[at])
        except ConnectionRefusedError:
            return
        except (OSError, EOFError):
            seen.statuses[LOST] += 1
            return
        seen.statuses[answer.status] += 1
        if answer.status == 200:
            seen.seconds.append(answer.seconds)
            seen.wrong += answer.text != texts[at]
        else:
            await asyncio.sleep(0.02)  # a client that is refused waits a little


async def load(
    server: Server, lines: Sequence[bytes], texts: Sequence[str], clients: int, seconds: float, ends: bool = False
) -> Seen:
    """What `clients` see in a time; with `ends` the server is told to end in the midst of it.

    Each request then has a connection of its own: one that is kept open may be closed just when a client asks again,
    and nobody knows whether the server had taken that request.
    """
    seen, stop = Seen(), asyncio.Event()
    connections = [Client(server.port, keep=not ends) for _ in range(clients)]
    asking = [
        asyncio.create_task(ask_until(client, lines, texts, 31 * i, stop, seen)) for i, client in enumerate(connections)
    ]
    await asyncio.sleep(seconds)
    if ends:
        server.terminate()
    else:
        stop.set()
    await asyncio.gather(*asking)
    seen.wall = time.monotonic() - seen.began
    for client in connections:
        client.close()
    return seen


async def one_by_one(server: Server, lines: Sequence[bytes]) -> list[str]:
    """The text of each line, when nobody else asks."""
    client = Client(server.port)
    return [(await client.read(line)).text for line in lines]


@dataclass(frozen=True)
class Alone:
    """What `Reader` reads in batches on all cores: texts, lines a second, and microseconds of processor time a line."""

    texts: list[str]
    lines_a_second: float
    cpu_us: float


def reader_alone(model: Path, lines: Sequence[bytes], seconds: float) -> Alone:
    reader = Reader(model)
    texts = [reading.text for reading in reader(list(lines))]
    start, used, read = time.monotonic(), time.process_time(), 0
    while time.monotonic() - start < seconds:
        read += len(reader(list(lines)))
    return Alone(texts, read / (time.monotonic() - start), 1e6 * (time.process_time() - used) / read)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an artifact that reads lines")
    parser.add_argument("--data", required=True, help="a source of lines")
    parser.add_argument("--count", type=int, default=1000, help="lines, of mixed widths")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--ends", type=int, default=10, help="servers that are told to end under load")
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    row = measure(options)
    text = table(("", "figure"), list(shown(row)))
    print(text)
    if options.output is not None:
        settings = {name: getattr(options, name) for name in ("count", "clients", "seconds", "ends")}
        title = "The server of a package under load"
        write_results(options.output, title, [text], [row], {"model": options.model.name, **settings})
    return 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    source = open_source(options.data)
    chosen = np.random.default_rng(0).permutation(len(source))[: options.count].tolist()
    lines = [file_bytes(source.image(index)) for index in chosen]
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder) / "server"
        package(PackageConfig(model=options.model, target="http", output=served))
        before = reader_alone(options.model, lines, options.seconds / 4)
        server = Server(served)
        texts = asyncio.run(one_by_one(server, lines))
        row: dict[str, Any] = {"other_than_reader": sum(a != b for a, b in zip(texts, before.texts, strict=True))}
        row["lines"] = len(lines)
        used, used_here = server.cpu_seconds(), time.process_time()
        row["load"] = told(seen := asyncio.run(load(server, lines, texts, options.clients, options.seconds)))
        row["server_cpu_us"] = 1e6 * (server.cpu_seconds() - used) / seen.statuses[200]
        row["clients_cpu_us"] = 1e6 * (time.process_time() - used_here) / seen.statuses[200]
        row["overload"] = told(asyncio.run(load(server, lines, texts, 10 * options.clients, options.seconds / 4)))
        row["up_after_overload"] = server.up()
        server.end()
        row["ends"] = [end_under_load(served, lines, texts, options) for _ in range(options.ends)]
        after = reader_alone(options.model, lines, options.seconds / 4)
    row["reader_lines_a_second"] = (before.lines_a_second + after.lines_a_second) / 2
    row["reader_cpu_us"] = (before.cpu_us + after.cpu_us) / 2
    row["share"] = row["load"]["lines_a_second"] / row["reader_lines_a_second"]
    row["cpu_share"] = row["reader_cpu_us"] / (row["server_cpu_us"] + row["clients_cpu_us"])
    return row


def end_under_load(
    served: Path, lines: Sequence[bytes], texts: Sequence[str], options: argparse.Namespace
) -> dict[str, Any]:
    """What clients see of a server that is told to end, and its exit code."""
    server = Server(served)
    seen = asyncio.run(load(server, lines, texts, options.clients, options.seconds / 30, ends=True))
    return {"statuses": dict(sorted(seen.statuses.items())), "wrong": seen.wrong, "exit_code": server.process.wait(60)}


def told(seen: Seen) -> dict[str, Any]:
    return {
        "statuses": dict(sorted(seen.statuses.items())),
        "wrong": seen.wrong,
        "lines_a_second": seen.statuses[200] / seen.wall,
        "p50_ms": seen.percentile(50),
        "p99_ms": seen.percentile(99),
    }


def shown(row: dict[str, Any]) -> list[tuple[str, str]]:
    load, overload, ends = row["load"], row["overload"], row["ends"]
    answers, lost, wrong = (
        sum(n)
        for n in zip(*((e["statuses"].get(200, 0), e["statuses"].get(LOST, 0), e["wrong"]) for e in ends), strict=True)
    )
    codes = sorted({end["exit_code"] for end in ends})
    return [
        ("`Reader` in batches, alone", f"{row['reader_lines_a_second']:.0f} lines a second"),
        ("other texts than `Reader`", f"{row['other_than_reader']} of {row['lines']} lines"),
        ("the server", f"{load['lines_a_second']:.0f} lines a second, {100 * row['share']:.0f} %"),
        (
            "processor time a line",
            f"`Reader` {row['reader_cpu_us']:.0f} µs, server {row['server_cpu_us']:.0f} µs, "
            f"clients {row['clients_cpu_us']:.0f} µs: {100 * row['cpu_share']:.0f} %",
        ),
        ("time to an answer, p50 and p99", f"{load['p50_ms']:.0f} and {load['p99_ms']:.0f} ms"),
        ("answers by status (0: lost)", said(load)),
        ("with ten times the clients", said(overload)),
        (f"{len(ends)} SIGTERMs under load", f"{answers:,} answers, {lost} lost, {wrong} wrong; exit codes {codes}"),
    ]


def said(found: dict[str, Any]) -> str:
    statuses = ", ".join(f"{status}: {number:,}" for status, number in found["statuses"].items())
    return f"{statuses}; {found['wrong']} wrong texts"


if __name__ == "__main__":
    raise SystemExit(main())
