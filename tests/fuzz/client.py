"""Runs cases in children of a fork server, and collects what happened."""

from __future__ import annotations

import array
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from fuzz.case import Case

TESTS = Path(__file__).parents[1]
PARTS = ("work", "tmp", "home", "cache", "stdout", "stderr", "lines")
_ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},  # a fork copies no threads
    **{"PYTHONHASHSEED": "0", "COLUMNS": "300", "NO_COLOR": "1", "MPLBACKEND": "agg"},
}


@dataclass(frozen=True)
class Outcome:
    """What a run did. `growth` is the peak of its memory in bytes over that of an empty child."""

    code: int
    killed_for: str
    left_running: bool
    seconds: float
    cpu_seconds: float
    growth: int
    stdout: str
    stderr: str
    before: Mapping[str, bytes | None]
    after: Mapping[str, bytes | None]
    temporaries: tuple[str, ...]
    lines: frozenset[int]


class ForkServer:
    """A running server. Use it in a `with` block; if it dies, it is started again."""

    def __enter__(self) -> ForkServer:
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, case: Case, trace: bool = False) -> Outcome:
        """Run a case in a fresh folder."""
        for part in PARTS:
            path = self.folder / part
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (self.folder / "work").mkdir()
        case.write(self.folder / "work")
        return self.run_again(case.argv, trace)

    def run_again(self, argv: tuple[str, ...], trace: bool = False) -> Outcome:
        """Run another command in the folder of the last case."""
        before = _contents(self.folder / "work")
        answer = self._ask(argv=argv, trace=trace)
        return Outcome(
            **answer,
            stdout=self._text("stdout"),
            stderr=self._text("stderr"),
            before=before,
            after=_contents(self.folder / "work"),
            temporaries=tuple(_contents(self.folder / "tmp")),
            lines=self._lines(),
        )

    def second_reader(self, name: str, target: str) -> Any:
        """What the second reader of a format says of a file of the last case; None if it fails."""
        answer = self._ask(reader=name, target=target)
        with contextlib.suppress(ValueError):
            return json.loads(self._text("stdout")) if answer["code"] == 0 else None
        return None

    def _ask(self, **request: Any) -> dict[str, Any]:
        everything = {"folder": str(self.folder), "argv": (), "trace": False, "reader": "", "target": "", **request}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(everything) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def _start(self) -> None:
        paths = os.pathsep.join(map(str, (TESTS, TESTS.parent / "benchmarks" / "lib")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.server"],
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _text(self, name: str) -> str:
        path = self.folder / name
        return path.read_bytes().decode("utf-8", "backslashreplace") if path.exists() else ""

    def _lines(self) -> frozenset[int]:
        path, lines = self.folder / "lines", array.array("I")
        if path.exists():
            lines.frombytes(path.read_bytes())
        return frozenset(lines)


def _contents(folder: Path) -> dict[str, bytes | None]:
    """Content of each file below the folder, and None for each folder."""
    if not folder.exists():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
