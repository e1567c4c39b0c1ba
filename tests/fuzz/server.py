"""A process that imports everything once and forks a child for each case: a crash of the child is an outcome.

It reads one JSON request a line from stdin, and answers with one line. `client.py` is the other end.
"""

from __future__ import annotations

import array
import contextlib
import faulthandler
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crnn_deploy

MOST_SECONDS = 20.0
MOST_GROWTH = 3 << 30  # bytes; a child that grows more is ended, for the sake of the machine
PAGE = resource.getpagesize()


def import_everything() -> None:
    """Import all of the package, and what it imports only when it is needed."""
    for module in pkgutil.walk_packages(crnn_deploy.__path__, "crnn_deploy."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    # The import of torch._dynamo makes PyTorch's own cache folder, which is no file that a case leaves behind.
    for name in ("torch._dynamo", "lmdb", "jinja2", "matplotlib.pyplot", "onnx.shape_inference", "fuzz.second_readers"):
        importlib.import_module(name)
    with contextlib.suppress(ImportError):
        importlib.import_module("pyarrow.parquet")
    from PIL import Image

    Image.init()


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not end up between the answers
    import_everything()
    gc.freeze()
    baseline = _wait(_forked(lambda: 0), 0)["peak"]
    for line in sys.stdin:
        request = json.loads(line)
        outcome = _wait(_forked(lambda request=request: _child(request)), baseline)
        outcome["growth"] = max(0, outcome.pop("peak") - baseline)
        answers.write(json.dumps(outcome) + "\n")
        answers.flush()


def _forked(work: Callable[[], int]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        code = work()
    finally:
        os._exit(code)  # without the exit handlers of libraries whose threads the fork did not copy


def _wait(child: int, baseline: int) -> dict[str, Any]:
    """Wait for the end of a child; end it if it takes too much time or memory."""
    started, killed = time.monotonic(), ""
    ended = os.pidfd_open(child)
    while not select.select([ended], [], [], 0.05)[0]:
        if time.monotonic() - started > MOST_SECONDS:
            killed = "time"
        elif baseline and _resident(child) > baseline + MOST_GROWTH:
            killed = "memory"
        if killed:
            os.kill(child, signal.SIGKILL)
            break
    os.close(ended)
    _, status, usage = os.wait4(child, 0)
    left = _end_group(child)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "killed_for": killed,
        "left_running": left,
        "seconds": time.monotonic() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
    }


def _resident(process: int) -> int:
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    return 0


def _end_group(child: int) -> bool:
    """Whether processes of the child still ran; they are ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
        return True
    return False


def _child(request: dict[str, Any]) -> int:
    folder = Path(request["folder"])
    _isolate(folder)
    lines = Lines() if request["trace"] else None
    if lines:
        lines.start()
    try:
        code = _call(request)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    if lines:
        lines.write(folder / "lines")
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


def _call(request: dict[str, Any]) -> int:
    """Run the command line, or a second reader."""
    if request["reader"]:
        from fuzz.second_readers import READERS

        print(json.dumps(READERS[request["reader"]](Path(request["target"]))))
        return 0
    from crnn_deploy.cli.app import main

    sys.argv = ["crnn-deploy", *request["argv"]]
    main()
    return 0


def _isolate(folder: Path) -> None:
    """Files, folders, limits and streams of one's own."""
    os.chdir(folder / "work")
    for name, variable in {"tmp": "TMPDIR", "home": "HOME", "cache": "XDG_CACHE_HOME"}.items():
        (folder / name).mkdir(exist_ok=True)
        os.environ[variable] = str(folder / name)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    for number, name, flags in ((0, "/dev/null", os.O_RDONLY), (1, "stdout", 0), (2, "stderr", 0)):
        opened = os.open(folder / name, flags or os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    faulthandler.enable(sys.stderr)
    faulthandler.dump_traceback_later(MOST_SECONDS - 1, file=sys.stderr)


class Lines:
    """The lines of the package that a child runs, as `file number · 65536 + line`."""

    def __init__(self) -> None:
        root = Path(crnn_deploy.__file__).parent
        self._files = {str(path): number for number, path in enumerate(sorted(root.rglob("*.py")))}
        self._seen: set[int] = set()

    def start(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def write(self, path: Path) -> None:
        sys.settrace(None)
        with path.open("wb") as file:
            array.array("I", self._seen).tofile(file)

    def _call(self, frame: Any, _event: str, _arg: object) -> Any:
        number = self._files.get(frame.f_code.co_filename)
        if number is None:
            return None
        base, add = number << 16, self._seen.add

        def line(inner: Any, _event: str, _arg: object) -> Any:
            add(base + inner.f_lineno)
            return line

        add(base + frame.f_lineno)
        return line


if __name__ == "__main__":
    serve()
