"""Random nodes of our custom ops under sanitizers, on each level of kernels that this machine has.

`python -m fuzz.native`, or `make fuzz-native`. A worker process runs the cases; where it ends early, that is a finding,
and another one goes on with the next case.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from fuzz.client import TESTS
from native.levels import LEVELS as EVERY_LEVEL

import crnn_deploy
from crnn_deploy.native import KERNELS_VARIABLE, LIBRARY_VARIABLE

SOURCES = Path(crnn_deploy.__file__).parent / "native"
RUNTIMES = ("libasan.so", "libubsan.so")
# `none` runs the function in the model file with ONNX Runtime's own layers.
LEVELS = (*EVERY_LEVEL, "none")
BATCH = 200  # cases of one worker


@dataclass
class Level:
    """What the cases of one level of kernels came to."""

    name: str
    ended: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz.native", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--library", type=Path, required=True, help="the library, built with sanitizers")
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz-native"), help="folder for the table")
    options = parser.parse_args()
    levels = [Level(name) for name in LEVELS if available(options.library, name)]
    started = time.monotonic()
    for first in itertools.count(step=BATCH):
        for level in levels:
            run_batch(level, options.library, str(options.seed), first, BATCH)
            elapsed = time.monotonic() - started
            _tell(levels, elapsed, 60 * options.minutes)
        if elapsed > 60 * options.minutes:
            break
    options.out.mkdir(parents=True, exist_ok=True)
    result = {level.name: {"ended": level.ended, "findings": level.findings} for level in levels}
    (options.out / "table.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(table(levels))
    return 1 if any(level.findings for level in levels) else 0


def _tell(levels: list[Level], elapsed: float, total: float) -> None:
    cases, found = sum(each.ended.total() for each in levels), sum(len(each.findings) for each in levels)
    left = max(0.0, total - elapsed) / 60
    print(f"{cases} cases, {cases / elapsed:.1f} a second, {found} findings, {left:.0f} min left", flush=True)


def table(levels: list[Level]) -> str:
    """Cases by level and how they ended, and the findings."""
    kinds = sorted({kind for level in levels for kind in level.ended})
    rows = [f"{'kernels':14}" + "".join(f"{kind:>20}" for kind in kinds)]
    rows += [f"{level.name:14}" + "".join(f"{level.ended[kind]:20}" for kind in kinds) for level in levels]
    rows += [f"✗ {level.name}, {case}: {what}" for level in levels for case, what in level.findings.items()]
    return "\n".join(rows)


def sanitizers() -> str | None:
    """The runtime libraries of the sanitizers, which must be loaded before Python; None where there are none."""
    if sys.platform != "linux" or not shutil.which("c++"):
        return None
    paths = [
        subprocess.run(["c++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in RUNTIMES
    ]
    return " ".join(paths) if all(Path(path).is_file() for path in paths) else None


def available(library: Path, level: str) -> bool:
    """Whether this processor has the kernels of a level."""
    question = "from crnn_deploy.native import kernel_level; kernel_level()"
    return _process(library, level, ["-c", question]).wait() == 0


def run_batch(level: Level, library: Path, seed: str, first: int, count: int) -> None:
    """Run cases `first` to `first + count` of a level, with as many workers as crashes make necessary."""
    end = first + count
    while first < end:
        words = ["-m", "fuzz.node_worker", seed, str(first), str(end - first)]
        with tempfile.TemporaryFile("w+", errors="backslashreplace") as errors:
            process = _process(library, level.name, words, errors)
            crashed = _read_results(level, process, seed)
            if (code := process.wait()) == 0:
                return
            errors.seek(0)
            said = errors.read()[-3000:]
        if crashed is None:
            raise RuntimeError(f"the worker ended with {code} between two cases: {said}")
        level.ended["crash"] += 1
        level.findings[f"seed {seed} number {crashed}"] = f"ended with {code}: {said}"
        first = crashed + 1


def _read_results(level: Level, process: subprocess.Popen[str], seed: str) -> int | None:
    """Count the results of a worker; gives the case that began and did not end."""
    running = None
    for result in _results(process):
        if "start" in result:
            running = int(result["start"])
            continue
        running = None
        level.ended[str(result["ended"])] += 1
        if "finding" in result:
            level.findings[f"seed {seed} number {result['end']}"] = f"{result['finding']} ({result['case']})"
    return running


def _results(process: subprocess.Popen[str]) -> Iterator[dict[str, str | int]]:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("{"):
            yield json.loads(line)


def _process(library: Path, level: str, words: list[str], errors: IO[str] | None = None) -> subprocess.Popen[str]:
    """Python with the sanitizers, the library and a level of its kernels."""
    paths = os.pathsep.join(map(str, (TESTS, TESTS.parent / "benchmarks" / "lib")))
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "LD_PRELOAD": sanitizers() or "",
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",  # Python and ONNX Runtime leak
        "UBSAN_OPTIONS": "print_stacktrace=1",
        LIBRARY_VARIABLE: "" if level == "none" else str(library.resolve()),
        KERNELS_VARIABLE: "" if level == "none" else level,
    }
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.DEVNULL,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(main())
