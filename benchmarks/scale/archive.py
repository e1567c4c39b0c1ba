"""Do labels of an archive come out the same by one process, two processes and Ray, and after kills? How fast is it?

python benchmarks/scale/archive.py -o benchmarks/results/scale-archive

The archive is 256 short rendered lines again and again, as Parquet; the package's reader reads them. Speeds: the
engines take turns, and the rate is that from the end of the first shards to the end of the last, without the start of
processes. Memory: the peak of the main process and of the largest worker. CPU: of all processes, from the smaller
archive to the larger. Kills: SIGKILL at random moments, to the process group of the command or to one of its workers;
then the command is repeated. What it leaves in the end must have the bytes of what one undisturbed process writes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from crnn_deploy.api import LabelConfig, RenderConfig, label, render
from crnn_deploy.data.sources.encoded import EncodedSource
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.files import sha256_of, write_text
from crnn_deploy.progress import Silent
from crnn_deploy.zoo import READER

ENGINES = {"1 process": ("local", 1), "2 processes": ("local", 2), "Ray, 2 workers": ("ray", 2)}
PICTURES, WIDEST = 256, 200
COUNTS = (10_000, 100_000)
WORKER = ("spawn_main", "ray::Worker")


class Clock(Silent):
    """Notes when each shard was done."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def track(self, items: Any, description: str, total: int, done: int = 0) -> Iterator[Any]:
        for item in items:
            self.times.append(time.monotonic())
            yield item


@dataclass
class Watched:
    """A command with its exit code, the peaks of its processes in MB, and the CPU seconds of all of them."""

    code: int
    main_mb: float
    worker_mb: float
    cpu: float


def make_archive(folder: Path, shards: int, lines: int) -> Path:
    """Parquet files with the same few images again and again."""
    drawn = folder / "drawn.tar"
    if not drawn.exists():
        render(RenderConfig(count=4 * PICTURES, seed=1, max_length=12, output=drawn))
    source = open_source(drawn)
    assert isinstance(source, EncodedSource)
    short = (i for i in range(len(source)) if source.image(i).width * 32 <= WIDEST * source.image(i).height)
    images = [source.encoded(index) for index in islice(short, PICTURES)]
    archive = folder / f"archive-{shards}x{lines}"
    if archive.exists():
        return archive
    archive.mkdir()
    rest = cycle(images)
    for number in range(shards):
        table = pyarrow.table({"image": list(islice(rest, lines))}, schema=pyarrow.schema({"image": pyarrow.binary()}))
        pyarrow.parquet.write_table(table, archive / f"lines-{number:05d}.parquet", row_group_size=1000)
    return archive


def command(archive: Path, output: Path, engine: str, workers: int) -> list[str]:
    options = ["--engine", engine, "--workers", str(workers), "--keep-images"]
    return [sys.executable, "-m", "crnn_deploy", "label", str(READER), str(archive), "-o", str(output), *options]


def rate(archive: Path, folder: Path, name: str) -> float:
    """Lines a second of one engine, in a process of its own."""
    output = folder / "speed"
    shutil.rmtree(output, ignore_errors=True)
    asked = [sys.executable, __file__, "--here", name, str(archive), str(output)]
    return float(subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout.split()[-1])


def rate_here(name: str, archive: str, output: str) -> float:
    engine, workers = ENGINES[name]
    clock = Clock()
    config = LabelConfig(model=READER, sources=(archive,), output=output, engine=engine, workers=workers, threads=1)
    done = label(config, clock)
    counted = clock.times[workers - 1 :]
    return done.images / len(clock.times) * (len(counted) - 1) / (counted[-1] - counted[0])


def watch(asked: Sequence[str]) -> Watched:
    """Run a command, and look at its processes until it ends."""
    process = subprocess.Popen(asked, stdout=subprocess.DEVNULL)
    main = worker = 0.0
    cpu: dict[int, float] = {}
    while process.poll() is None:
        started = below(process.pid)
        main = max(main, peak_mb(process.pid))
        worker = max([worker, *(peak_mb(pid) for pid, name in started if is_worker(name))])
        cpu |= {pid: used for pid in (process.pid, *(pid for pid, _ in started)) if (used := cpu_seconds(pid))}
        time.sleep(0.2)
    return Watched(process.returncode, main, worker, sum(cpu.values()))


def below(pid: int) -> list[tuple[int, str]]:
    """The processes that a process has started, and those that they have, with their command lines."""
    told = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,args="], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    rows = [line.split(None, 2) for line in told.splitlines()]
    found = [(int(row[0]), row[2]) for row in rows if int(row[1]) == pid]
    return found + [each for child, _ in found for each in below(child)]


def is_worker(name: str) -> bool:
    return any(mark in name for mark in WORKER)


def peak_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill_runs(archive: Path, folder: Path, name: str, kills: int, seed: int) -> dict[str, Any]:
    """Kill commands until there were so many kills, finish each folder, and compare it with an undisturbed one."""
    draw = random.Random(seed)
    output = folder / "killed"
    expected = contents(folder / "expected")
    asked = command(archive, output, *ENGINES[name])
    result = {"engine": name, "groups": 0, "workers": 0, "survived": 0, "folders": 0, "other": 0}
    begin = time.monotonic()
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    whole = time.monotonic() - begin
    while result["groups"] + result["workers"] < kills or output.exists():
        last = result["groups"] + result["workers"] >= kills
        process = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        if not last:
            strike(process, draw.uniform(0.05, 0.95) * whole, draw.random() < 0.5, result)
        code = process.wait()
        if code == 0:
            result["folders"] += 1
            result["other"] += contents(output) != expected
            shutil.rmtree(output)
        assert code in (0, 2, -signal.SIGKILL), code
    return result


def strike(process: subprocess.Popen[bytes], after: float, one: bool, result: dict[str, Any]) -> None:
    """Kill the command or one of its workers after some seconds, if it still runs."""
    try:
        process.wait(after)
        return
    except subprocess.TimeoutExpired:
        pass
    workers = [pid for pid, name in below(process.pid) if is_worker(name)]
    if one and workers:
        os.kill(workers[-1], signal.SIGKILL)
        result["workers"] += 1
        result["survived"] += process.wait() == 0
    else:
        os.killpg(process.pid, signal.SIGKILL)
        result["groups"] += 1


def contents(folder: Path) -> dict[str, str]:
    """Digests of all files."""
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir())}


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    small = make_archive(folder, 20, options.lines)
    first = command(small, folder / "expected", *ENGINES["1 process"])
    subprocess.run(first, check=True, stdout=subprocess.DEVNULL)
    same = {}
    for name, how in ENGINES.items():
        subprocess.run(command(small, folder / "same", *how), check=True, stdout=subprocess.DEVNULL)
        same[name] = contents(folder / "same") == contents(folder / "expected")
        shutil.rmtree(folder / "same")
    print(same, flush=True)
    kills = []
    for name in ("2 processes", "Ray, 2 workers"):
        kills.append(kill_runs(small, folder, name, options.kills, options.seed))
        print(kills[-1], flush=True)
    rates: dict[str, list[float]] = {name: [] for name in ENGINES}
    for _ in range(options.rounds):
        for name in ENGINES:
            rates[name].append(rate(small, folder, name))
        print(rates, flush=True)
    memory: dict[str, list[list[float]]] = {}
    for count in COUNTS:
        archive = make_archive(folder, 20, count // 20)
        for name, how in ENGINES.items():
            watched = watch(command(archive, folder / "memory", *how))
            assert watched.code == 0
            memory.setdefault(name, []).append([watched.main_mb, watched.worker_mb, watched.cpu])
            shutil.rmtree(folder / "memory")
        print(memory, flush=True)
    return {"lines": 20 * options.lines, "same": same, "kills": kills, "rates": rates, "memory": memory}


def page(found: dict[str, Any]) -> str:
    about = " ".join((__doc__ or "").split("\n\n")[2].splitlines())
    rates = found["rates"]
    rows = [
        "| engine | bytes of one process | lines a second, best | all rounds | median ratio to 1 process |",
        "|---|---|---:|---:|---:|",
    ]
    for name, each in rates.items():
        ratios = sorted(rate / one for rate, one in zip(each, rates["1 process"], strict=True))
        every = ", ".join(f"{rate:,.0f}" for rate in each)
        same = "yes" if found["same"][name] else "NO"
        rows.append(f"| {name} | {same} | {max(each):,.0f} | {every} | {ratios[len(ratios) // 2]:.2f} |")
    few, many = COUNTS
    rows += [
        "",
        f"| engine | main process at {few:,} lines, MB | {many:,} | worker at {few:,} | {many:,} | CPU ms a line |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, (first, last) in found["memory"].items():
        workers = [f"{each[1]:.0f}" if each[1] else "none" for each in (first, last)]
        milliseconds = 1000 * (last[2] - first[2]) / (many - few)
        rows.append(f"| {name} | {first[0]:.0f} | {last[0]:.0f} | {' | '.join(workers)} | {milliseconds:.3f} |")
    rows += [
        "",
        "| engine | all killed | one worker killed | of these went on | folders finished | with other bytes |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    keys = ("groups", "workers", "survived", "folders", "other")
    rows += [f"| {each['engine']} | {' | '.join(str(each[key]) for key in keys)} |" for each in found["kills"]]
    return f"# Labels of an archive\n\n`benchmarks/scale/archive.py`. {about}\n\n" + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=1000, help="of each of 20 shards, for speed and kills")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10, help="of each engine")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, help="write a .json and a .md with this beginning")
    options = parser.parse_args()
    if options.here:
        print(rate_here(*options.here))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options)
    if options.output:
        write_text(options.output.with_suffix(".json"), json.dumps(found, indent=1) + "\n")
        write_text(options.output.with_suffix(".md"), page(found))


if __name__ == "__main__":
    main()
