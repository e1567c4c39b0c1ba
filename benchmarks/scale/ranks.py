"""Whether processes of torchrun find what one process finds, also after kills.

python benchmarks/scale/ranks.py 4000 -o benchmarks/results/scale-ranks.md

The lines are 500 drawn words, each with grain of its own, as PNG in a .tar; the package's reader reads them, and is the
teacher that is asked. Kills are SIGKILL before a random batch of answers is put, of one of two processes or of both;
what is left of them ends by itself, and the same command is given again. For the kills the processes are forked, with
the variables that torchrun sets: imports take most of the time of a start.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import multiprocessing
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from PIL import Image, ImageDraw

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.sources.encoded import EncodedSource
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.evaluation.config import EvaluateConfig, PredictConfig
from crnn_deploy.evaluation.evaluate import evaluate_by_ranks
from crnn_deploy.evaluation.predict import predict_by_ranks
from crnn_deploy.files import write_text
from crnn_deploy.progress import SILENT
from crnn_deploy.ranks import Ranks, connected_ranks
from crnn_deploy.training.teachers.asking import AskOptions, Teacher
from crnn_deploy.training.teachers.store import AnswerStore
from crnn_deploy.zoo import READER

KILLS = 10
BATCH = 16  # lines that a teacher is asked for at once


@dataclass(frozen=True)
class Ended:
    """What the processes of one command told: the result, and how often each line was opened."""

    peak_mb: int
    result: str
    opened: Counter[str]
    exit_codes: list[int]


def main() -> None:
    options = arguments()
    if options.work:
        work(options.work, options.data, options.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        text = report(options.count, Path(folder))
    print(text)
    write_text(options.output, text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--work", choices=("evaluate", "predict", "ask"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--folder", type=Path)
    return parser.parse_args()


def report(count: int, folder: Path) -> str:
    data = draw(folder / "lines.tar", count)
    head = "| work | processes | peak MB of one | lines opened | most openings of a line | same result |"
    lines = [f"# {count:,} lines by processes of torchrun", "", *told(), "", head, "|---|" + "---:|" * 4 + "---|"]
    for verb in ("evaluate", "predict", "ask"):
        one, two = (launched(verb, data, folder / f"{verb}{processes}", processes) for processes in (1, 2))
        assert one.exit_codes == two.exit_codes == [0]
        for processes, found, same in ((1, one, ""), (2, two, one.result == two.result)):
            most = max(found.opened.values())
            lines.append(f"| {verb} | {processes} | {found.peak_mb} | {len(found.opened):,} | {most} | {said(same)} |")
    return "\n".join([*lines, "", *kills(data, folder, one.result, count), ""])


def said(same: bool | str) -> str:
    return {True: "yes", False: "NO"}[same] if isinstance(same, bool) else same


def told() -> list[str]:
    return [" ".join(part.split()) for part in (__doc__ or "").split("\n\n") if not part.startswith("python")]


def kills(data: Path, folder: Path, whole: str, count: int) -> Iterator[str]:
    """Rows of a table: what is lost when processes are killed while they ask."""
    yield "| killed | stored by then | asked for by the next command | of these stored before | same answers |"
    yield "|---|---:|---:|---:|---|"
    draw = random.Random(1)
    for number in range(KILLS):
        own = folder / f"kill{number}"
        killed = [0, 1] if number % 3 == 2 else [number % 3]
        before = {rank: draw.randrange(1, count // BATCH // 2) for rank in killed}
        first = forked(data, own, before)
        assert -signal.SIGKILL in first.exit_codes
        assert 0 not in first.exit_codes
        stored = lines_of(own / "stored")
        for log in ("asked", "stored"):
            (own / log).rename(own / f"{log} before")
        second = forked(data, own, {})
        again = lines_of(own / "asked")
        who = " and ".join(f"rank {rank} before batch {batch}" for rank, batch in before.items())
        yield f"| {who} | {len(stored):,} | {len(again):,} | {len(stored & again)} | {said(second.result == whole)} |"


def launched(verb: str, data: Path, folder: Path, processes: int) -> Ended:
    """By torchrun, if there are several."""
    folder.mkdir(exist_ok=True)
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    command = [sys.executable, *launch, __file__, "--work", verb, "--data", str(data), "--folder", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CRNN_DEPLOY_CACHE": str(folder / "cache")}
    done = subprocess.run(command, env=environment, check=False, capture_output=True)
    return ended(folder, processes, [done.returncode])


def forked(data: Path, folder: Path, killed: Mapping[int, int]) -> Ended:
    folder.mkdir(exist_ok=True)
    for file in folder.glob("*.json"):
        file.unlink()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crnn_deploy.training.teachers.asking", "torch.distributed"])
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    processes = [context.Process(target=ranked, args=(rank, port, data, folder, killed.get(rank))) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return ended(folder, 2, [process.exitcode or 0 for process in processes])


def ranked(rank: int, port: int, data: Path, folder: Path, kill_before: int | None) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "CRNN_DEPLOY_CACHE": folder / "cache"}
    os.environ |= {name: str(value) for name, value in places.items()}
    work("ask", data, folder, kill_before)


def ended(folder: Path, processes: int, exit_codes: list[int]) -> Ended:
    files = [folder / f"{rank}.json" for rank in range(processes)]
    parts: list[dict[str, Any]] = [json.loads(file.read_text()) for file in files if file.exists()]
    return Ended(
        peak_mb=max((part["peak_mb"] for part in parts), default=0),
        result=parts[0]["result"] if parts else "",
        opened=sum((Counter(part["opened"]) for part in parts), Counter()),
        exit_codes=exit_codes,
    )


def work(verb: str, data: Path, folder: Path, kill_before: int | None = None) -> None:
    """What each process does."""
    logged(folder, kill_before)
    opened: Counter[str] = Counter()
    image = EncodedSource.image

    def counting(self: EncodedSource, index: int) -> Any:
        opened[self.item_name(index)] += 1
        return image(self, index)

    EncodedSource.image = counting  # type: ignore[method-assign]
    with connected_ranks() as ranks:
        result = {"evaluate": evaluated, "predict": predicted, "ask": answered}[verb](data, folder, ranks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"result": hashlib.sha256(result).hexdigest(), "opened": opened, "peak_mb": peak}
    (folder / f"{ranks.rank}.json").write_text(json.dumps(told))


def evaluated(data: Path, folder: Path, ranks: Ranks) -> bytes:
    file = folder / "predictions.parquet"
    evaluate_by_ranks(EvaluateConfig(artifact=READER, data=str(data), predictions=file, threads=1), ranks)
    return file.read_bytes() if ranks.first else b""


def predicted(data: Path, _: Path, ranks: Ranks) -> bytes:
    readings = predict_by_ranks(PredictConfig(images=(str(data),), threads=1), ranks)
    return b"" if readings is None else readings.model_dump_json().encode()


def answered(data: Path, folder: Path, ranks: Ranks) -> bytes:
    """All bytes of the store."""
    artifact = open_artifact(READER)
    with Teacher(artifact, artifact.spec, AskOptions(), ranks) as teacher:
        teacher.answers(open_source(data), SILENT)
    ranks.wait()
    (store,) = (folder / "cache" / "teachers").iterdir()
    with lmdb.open(str(store), readonly=True) as database, database.begin() as transaction:
        return b"".join(key + value for key, value in transaction.cursor())


def logged(folder: Path, kill_before: int | None) -> None:
    """Write down the hashes of what is asked and of what is stored, and end this process before a batch is stored."""
    put = AnswerStore.put
    batches = 0

    def telling(self: AnswerStore, answers: Mapping[bytes, Any]) -> None:
        nonlocal batches
        batches += 1
        text = "".join(f"{content.hex()}\n" for content in answers)
        append(folder / "asked", text)
        if batches == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, answers)
        append(folder / "stored", text)

    AnswerStore.put = telling  # type: ignore[method-assign]


def append(file: Path, text: str) -> None:
    with file.open("a") as log:
        log.write(text)


def lines_of(file: Path) -> set[str]:
    return set(file.read_text().split())


def draw(path: Path, count: int) -> Path:
    rng = np.random.default_rng(0)
    words = [
        "".join(rng.choice(list("ABCDEFGHKLMNPRST 0123456789"), rng.integers(3, 12))).strip() or "A" for _ in "x" * 500
    ]
    labels = []
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            text = words[number % len(words)]
            image = Image.new("L", (14 * len(text) + 8, 28), 255)
            ImageDraw.Draw(image).text((4, 4), text, 20, font_size=18)
            grain = rng.integers(0, 20, (image.height, image.width), np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(np.asarray(image) - grain).save(buffer, "png", compress_level=1)
            add(archive, f"{number:07}.png", buffer.getvalue())
            labels.append(f"{number:07}.png\t{text}\n")
        add(archive, "labels.tsv", "".join(labels).encode())
    return path


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


if __name__ == "__main__":
    main()
