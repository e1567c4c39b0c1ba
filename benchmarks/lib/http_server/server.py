"""The server of a package as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

SECONDS = 60
"""Until the server has to answer, and to end."""


class Server:
    """`server.py` of a package on a free port; `limits` are its environment, such as `READER_QUEUE`.

    Raises:
        RuntimeError: if it does not start.
    """

    def __init__(self, folder: Path, **limits: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        environment = {**os.environ, **limits, "READER_PORT": str(self.port)}
        self.process = subprocess.Popen([sys.executable, "server.py"], cwd=folder, env=environment)
        deadline = time.monotonic() + SECONDS
        while not self.up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server does not start")
            time.sleep(0.1)

    def up(self) -> bool:
        """Whether the server says that it reads."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def resident(self) -> int:
        """Bytes of memory that the server holds now."""
        rows = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines()
        (row,) = (row for row in rows if row.startswith("VmRSS:"))
        return 1024 * int(row.split()[1])

    def cpu_seconds(self) -> float:
        """Processor time that the server has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # in user mode, and in the kernel

    def terminate(self) -> None:
        """Ask the server to answer what it has taken, and to end."""
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """End the server; its exit code."""
        self.terminate()
        return self.process.wait(SECONDS)
