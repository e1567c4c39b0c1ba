"""Clients that cost a server little: plain sockets of one event loop."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass


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
