"""A Triton server on a model repository."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = 60
"""Until the server has to answer, and to end."""

INSTALLED = Path(sys.prefix, "triton")
_PYTHON = INSTALLED / "bin" / "python"
_MODULES = INSTALLED / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
_SERVER = _MODULES / "pytriton" / "tritonserver"
_STUB = _SERVER / "python_backend_stubs" / f"{sys.version_info[0]}.{sys.version_info[1]}" / "triton_python_backend_stub"
_CLIENTS = Path(__file__).with_name("clients.py")


class Answer(NamedTuple):
    """What a client was told of a file: a text and a confidence, or an error; and when, in seconds of one clock."""

    file: str
    text: str
    confidence: float
    error: str
    start: float
    end: float


class Statistics(NamedTuple):
    """What the server counted of a model since it started."""

    images: int
    batches: int


class TritonServer:
    """A server that runs; `address` is where it listens for gRPC."""

    def __init__(self, process: subprocess.Popen[bytes], http_port: int, grpc_port: int) -> None:
        self.process = process
        self.address = f"127.0.0.1:{grpc_port}"
        self._http = f"http://127.0.0.1:{http_port}/v2"

    def is_ready(self) -> bool:
        """Whether all models are loaded."""
        try:
            with urllib.request.urlopen(f"{self._http}/health/ready", timeout=SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def statistics(self, model: str = "reader") -> Statistics:
        """Images and batches that a model has run."""
        with urllib.request.urlopen(f"{self._http}/models/{model}/stats", timeout=SECONDS) as answer:
            (figures,) = json.load(answer)["model_stats"]
        return Statistics(figures["inference_count"], figures["execution_count"])

    def cpu_seconds(self) -> float:
        """CPU time that the server and its Python processes have taken."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        own = [self.process.pid, *(int(child) for path in children for child in path.read_text().split())]
        ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in own]
        return sum(int(count) for counts in ticks for count in counts) / os.sysconf("SC_CLK_TCK")

    def ask(self, files: Sequence[Path], clients: int) -> list[Answer]:
        """Answers to all files, in their order, of so many clients that ask at once."""
        done = python([str(_CLIENTS), self.address, str(clients)], "\n".join(map(str, files)))
        return [Answer(**answer) for answer in json.loads(done.stdout)]

    def stop(self) -> int:
        """Ask the server to end, and end it if it does not; returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def missing() -> str:
    """What is missing to start a server here, in words; empty if nothing is."""
    if not _SERVER.exists():
        return "no Triton server; make .venv/triton installs it"
    if not _STUB.exists():
        return "the Triton server has no Python backend for this Python"
    if not Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")).exists():
        return "Triton's Python backend needs Python as a shared library"
    return ""


@contextmanager
def triton_server(repository: Path, scratch: Path) -> Iterator[TritonServer]:
    """A server that has loaded a repository; it is stopped at the end.

    Args:
        scratch: a folder for its log and its backends.

    Raises:
        RuntimeError: with the log, if it does not start.
    """
    http_port, grpc_port = _free_ports(2)
    options = {
        "model-repository": repository,
        "backend-directory": _backends(scratch),
        "http-address": "127.0.0.1",
        "http-port": http_port,
        "grpc-address": "127.0.0.1",
        "grpc-port": grpc_port,
        "allow-metrics": "false",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    command = [_SERVER / "bin" / "tritonserver", "--disable-auto-complete-config", *given]
    log = scratch / "triton.log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env=_environment()) as process:
        server = TritonServer(process, http_port, grpc_port)
        try:
            deadline = time.monotonic() + SECONDS
            while not server.is_ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace"))
                time.sleep(0.05)
            yield server
        finally:
            if process.poll() is None:
                server.stop()


def python(arguments: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the Python of the server's environment; raises CalledProcessError."""
    return subprocess.run([_PYTHON, *arguments], input=text, capture_output=True, text=True, check=True)


def _backends(scratch: Path) -> Path:
    """The Python backend with its program for this Python beside it, where the backend looks for it."""
    folder = scratch / "backends" / "python"
    folder.mkdir(parents=True)
    for path in (*(_SERVER / "backends" / "python").glob("*.*"), _STUB):
        shutil.copy(path, folder / path.name)
    return folder.parent


def _environment() -> dict[str, str]:
    """With the libraries of the server and of Python, and the Python whose modules the Python backend imports."""
    return {
        **os.environ,
        "LD_LIBRARY_PATH": f"{_MODULES / 'nvidia_pytriton.libs'}:{sysconfig.get_config_var('LIBDIR')}",
        "PATH": f"{_PYTHON.parent}:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses."""
    probes: list[Any] = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
