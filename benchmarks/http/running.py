"""The server of a package as a process, and clients that cost it little: plain sockets of one event loop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60


class Server:
    """`server.py` of a package on a free port; `limits` are its environment, such as `READER_QUEUE`."""

    def __init__(self, folder: Path, **limits: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        environment = {**os.environ, **limits, "READER_PORT": str(self.port)}
        self.process = subprocess.Popen([sys.executable, "server.py"], cwd=folder, env=environment)
        deadline = time.monotonic() + START_SECONDS
        while not self.up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server does not start")
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

    def terminate(self) -> None:
        """Ask the server to answer what it has taken, and to end."""
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """End the server; its exit code."""
        self.terminate()
        return self.process.wait(60)


@dataclass(frozen=True)
class Answer:
    """Status of an answer, its body, and the seconds from the request to its last byte."""

    status: int
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The text that was read."""
        return str(json.loads(self.body)["text"])


class Client:
    """Asks one request after the other; with `keep` on one connection, otherwise on one each."""

    def __init__(self, port: int, keep: bool = True) -> None:
        self._port = port
        self._keep = "" if keep else "Connection: close\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, image: bytes) -> Answer:
        """The answer to `POST /read`. Raises OSError or EOFError where the connection ends before it."""
        start = time.monotonic()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = f"POST /read HTTP/1.1\r\nHost: localhost\r\n{self._keep}Content-Length: {len(image)}\r\n\r\n"
        writer.write(head.encode() + image)
        await writer.drain()
        head_lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head_lines[1:] if line)
        body = await reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            self.close()
        return Answer(int(head_lines[0].split()[1]), body, time.monotonic() - start)

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
