"""Lines that 16 clients ask a Triton server for, and the same lines read by `Reader` in batches, in turns.

The server runs the repository `python` of `package --target triton` as it is written; `make .venv/triton` installs it.
All run on the same cores, and the clients take a part of them from the server. CPU times tell what the cores are used
for, even on a busy machine.

python benchmarks/triton_load.py student.int8.onnx --data DATA/val.tar -o benchmarks/results/triton
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import table, write_results

from crnn_deploy import Reader
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.stills import as_single
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from triton_server.server import TritonServer, missing, triton_server

_BATCH = 32
_ROUNDS = 3
_INSTANCES = re.compile(r"instance_group \[ { count: (\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an .onnx artifact that reads lines")
    parser.add_argument("--data", required=True, help="a source of lines")
    parser.add_argument("--count", type=int, default=2000, help="lines that are read in each round")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    if missing():
        raise SystemExit(missing())
    with tempfile.TemporaryDirectory() as folder:
        row = measure(options.model, options.data, options.count, options.clients, Path(folder))
    shown = [
        ("lines a second, Triton", f"{row['triton_lines_per_s']:.0f}"),
        ("lines a second, `Reader` in batches", f"{row['reader_lines_per_s']:.0f}"),
        ("same text", f"{row['same']} of {row['lines']}"),
        ("images a batch", f"{row['images_per_batch']:.1f}"),
        ("an answer, p50", f"{row['p50_ms']:.1f} ms"),
        ("an answer, p99", f"{row['p99_ms']:.1f} ms"),
        ("CPU a line, server", f"{row['server_cpu_ms']:.2f} ms"),
        ("CPU a line, clients", f"{row['clients_cpu_ms']:.2f} ms"),
        ("CPU a line, `Reader` in batches", f"{row['reader_cpu_ms']:.2f} ms"),
    ]
    text = table(("", "median of the rounds"), shown)
    print(text)
    if options.output:
        told = ("lines", "clients", "instances", "rounds", "load_average")
        settings = {"model": options.model.name, **{key: row[key] for key in told}}
        write_results(options.output, "A Triton server under load", [text], [row], settings)
    return 0


def measure(model: Path, data: str, count: int, clients: int, folder: Path) -> dict[str, Any]:
    """Medians over rounds, in each of which the server and `Reader` read all lines."""
    load_average = round(os.getloadavg()[0], 1)  # before it begins: what else the cores are used for
    written = package(PackageConfig(model=model, target="triton", output=folder / "package", data=data))
    repository = Path(written.path, "python")
    instances = _instances(repository / "reader" / "config.pbtxt")
    files = list(_encoded(data, count, folder / "lines"))
    contents = [file.read_bytes() for file in files]
    reader = Reader(model, threads=1)
    rounds = []
    with triton_server(repository, folder) as server:
        server.ask(files[: 10 * clients], clients)  # to warm up
        for _ in range(_ROUNDS):
            texts, asked = _ask(server, files, clients)
            expected, read = _read(reader, contents, instances)
            same = sum(one == other for one, other in zip(texts, expected, strict=True))
            rounds.append({**asked, **read, "same": same})
    return {
        "lines": len(files),
        "clients": clients,
        "instances": instances,
        "rounds": _ROUNDS,
        "load_average": load_average,
        **{key: float(np.median([each[key] for each in rounds])) for key in rounds[0]},
        "same": min(each["same"] for each in rounds),
        "each_round": rounds,
    }


def _ask(server: TritonServer, files: list[Path], clients: int) -> tuple[list[str], dict[str, float]]:
    """Texts that the server reads, and its figures."""
    before, server_cpu, clients_cpu = server.statistics(), server.cpu_seconds(), _cpu_of_children()
    answers = server.ask(files, clients)
    after = server.statistics()
    seconds = max(answer.end for answer in answers) - min(answer.start for answer in answers)
    waits = [1e3 * (answer.end - answer.start) for answer in answers]
    return [answer.text for answer in answers], {
        "triton_lines_per_s": len(files) / seconds,
        "images_per_batch": (after.images - before.images) / (after.batches - before.batches),
        "p50_ms": float(np.percentile(waits, 50)),
        "p99_ms": float(np.percentile(waits, 99)),
        "server_cpu_ms": 1e3 * (server.cpu_seconds() - server_cpu) / len(files),
        "clients_cpu_ms": 1e3 * (_cpu_of_children() - clients_cpu) / len(files),
    }


def _cpu_of_children() -> float:
    """CPU seconds of processes that were started here and have ended: the clients."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(reader: Reader, contents: list[bytes], threads: int) -> tuple[list[str], dict[str, float]]:
    """Texts that `Reader` reads, in batches that as many threads take as the server has instances, and its figures."""
    batches = [contents[start : start + _BATCH] for start in range(0, len(contents), _BATCH)]
    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        texts = [reading.text for readings in pool.map(reader, batches) for reading in readings]
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    return texts, {"reader_lines_per_s": len(contents) / seconds, "reader_cpu_ms": 1e3 * used / len(contents)}


def _encoded(data: str, count: int, folder: Path) -> Iterator[Path]:
    """The first lines of a source as PNG files."""
    folder.mkdir()
    source = open_source(data)
    for index in range(min(count, len(source))):
        path = folder / f"{index:05}.png"
        as_single(source.image(index), path.name).save(path)
        yield path


def _instances(config: Path) -> int:
    found = _INSTANCES.search(config.read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    sys.exit(main())
