"""Reads lines over HTTP, with the model in the folder of this file.

    python server.py                                    # on port 8000
    curl --data-binary @line.png localhost:8000/read    # {"text": "…", "confidence": 0.98}

`POST /read` takes an encoded image as the body, or several as the files of a form; `GET /health` tells whether the
server reads, `GET /metrics` its figures for Prometheus. On SIGTERM it answers what it has taken, and ends.

Requests share batches: whenever a thread is free, it takes the images of one width that have waited longest. So nothing
waits for a batch to fill, and batches grow where more comes in than is read one by one.
"""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from PIL import Image
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from crnn_reader import FORMATS, Floats, Reader, Reading, network_input


@dataclass(frozen=True)
class Limits:
    """What a client can ask for; the environment sets each, such as `READER_QUEUE=1000`."""

    bytes: int = 10_000_000  # of a request
    pixels: int = 20_000_000  # of an image, by its header
    images: int = 64  # of a form
    queue: int = 256  # images that wait
    seconds: int = 10  # until a request is answered
    batch: int = 16  # images that run together, at most
    threads: int = os.cpu_count() or 1  # that read

    @classmethod
    def of_environment(cls) -> Limits:
        """The limits that the environment names, and the default of each other one."""
        named = {field.name: os.environ.get(f"READER_{field.name.upper()}") for field in fields(cls)}
        return cls(**{name: int(value) for name, value in named.items() if value})


class Metrics:
    """Figures for Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter("reader_answers", "Answers by status.", ["status"], registry=self.registry)
        self.seconds = Histogram("reader_seconds", "Time to an answer.", registry=self.registry)
        self.batches = Histogram(
            "reader_batch_images", "Images that ran together.", buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry
        )
        self.waiting = Gauge("reader_waiting_images", "Images that wait.", registry=self.registry)


@dataclass
class Waiting:
    """An image `[C, H, W]` that waits to be read, and who is told."""

    pixels: Floats
    told: asyncio.Future[Reading]
    since: float


class Batcher:
    """Reads images of one width together, in threads of its own; to be used in one event loop."""

    def __init__(self, reader: Reader, limits: Limits, metrics: Metrics) -> None:
        self._reader = reader
        self._limits = limits
        self._metrics = metrics
        self._batch = min(limits.batch, reader.batch)
        self._pool = ThreadPoolExecutor(limits.threads)
        self._free = limits.threads
        self._by_width: dict[int, deque[Waiting]] = {}
        self._count = 0

    async def read(self, pixels: Floats) -> Reading:
        """What is read in `[C, H, W]`. Raises HTTPException with 429 where too many wait."""
        if self._count >= self._limits.queue:
            raise HTTPException(429, "too many images wait", {"Retry-After": "1"})
        waiting = Waiting(pixels, asyncio.get_running_loop().create_future(), time.monotonic())
        self._by_width.setdefault(pixels.shape[2], deque()).append(waiting)
        self._counted(1)
        self._start()
        return await waiting.told

    async def close(self) -> None:
        """Read all that waits, and end the threads."""
        while self._count or self._free < self._limits.threads:
            await asyncio.sleep(0.01)
        self._pool.shutdown()

    def _start(self) -> None:
        """Give each free thread a batch."""
        while self._free and self._by_width:
            width = min(self._by_width, key=lambda width: self._by_width[width][0].since)
            alike = self._by_width[width]
            batch = [alike.popleft() for _ in range(min(len(alike), self._batch))]
            if not alike:
                del self._by_width[width]
            self._counted(-len(batch))
            asked = [waiting for waiting in batch if not waiting.told.done()]  # the others' time is over
            if asked:
                self._free -= 1
                running = asyncio.get_running_loop().run_in_executor(self._pool, self._run, asked)
                running.add_done_callback(partial(self._finish, asked))

    def _run(self, asked: list[Waiting]) -> list[Reading]:
        readings: list[Reading] = self._reader.read_inputs([waiting.pixels for waiting in asked])
        return readings

    def _finish(self, asked: list[Waiting], done: asyncio.Future[list[Reading]]) -> None:
        self._free += 1
        self._metrics.batches.observe(len(asked))
        error = done.exception()
        for index, waiting in enumerate(asked):
            if waiting.told.done():
                continue
            if error is None:
                waiting.told.set_result(done.result()[index])
            else:
                waiting.told.set_exception(error)
        self._start()

    def _counted(self, change: int) -> None:
        self._count += change
        self._metrics.waiting.set(self._count)


def prepared(content: bytes, reader: Reader, limits: Limits) -> Floats:
    """The network's input `[C, H, W]` for an encoded image. Raises HTTPException with 400 or 413."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.width * image.height > limits.pixels:
            raise HTTPException(413, f"the image has more than {limits.pixels} pixels")
        return network_input(image, reader.spec.preprocessing)
    except HTTPException:
        raise
    except Image.DecompressionBombError:
        raise HTTPException(413, f"the image has more than {limits.pixels} pixels") from None
    except Exception as error:  # Pillow raises many classes for damaged files
        raise HTTPException(400, f"this is no image that can be read: {error}") from None


async def body_of(request: Request, limits: Limits) -> bytes:
    """The body of a request. Raises HTTPException with 413 where it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limits.bytes:
            raise HTTPException(413, f"the request has more than {limits.bytes} bytes")
        parts.append(part)
    return b"".join(parts)


async def images_of(request: Request, limits: Limits) -> list[bytes]:
    """The files of a form, or the body. Raises HTTPException with 400 or 413."""
    body = await body_of(request, limits)
    if not _is_form(request):
        return [body]

    async def again() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async with Request(request.scope, again).form(max_files=limits.images, max_fields=limits.images) as form:
        files = [await value.read() for _, value in form.multi_items() if not isinstance(value, str)]
    if not files:
        raise HTTPException(400, "the form has no files")
    return files


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")


def server(reader: Reader, limits: Limits) -> FastAPI:
    """The application."""
    metrics = Metrics()
    batcher = Batcher(reader, limits, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await batcher.close()

    app = FastAPI(title=reader.spec.name, lifespan=lifespan)

    async def read_all(request: Request) -> list[Reading]:
        contents = await images_of(request, limits)
        inputs = [await asyncio.to_thread(prepared, content, reader, limits) for content in contents]
        return await asyncio.gather(*(batcher.read(pixels) for pixels in inputs))

    @app.post("/read")
    async def read(request: Request) -> Any:
        """The reading of the image in the body, or those of a form's files in their order."""
        start, status = time.monotonic(), 500
        try:
            readings = await asyncio.wait_for(read_all(request), limits.seconds)
            status = 200
        except TimeoutError:
            status = 503
            raise HTTPException(status, f"no answer within {limits.seconds} seconds", {"Retry-After": "1"}) from None
        except HTTPException as error:
            status = error.status_code
            raise
        finally:
            metrics.answers.labels(status).inc()
            metrics.seconds.observe(time.monotonic() - start)
        return {"readings": [asdict(each) for each in readings]} if _is_form(request) else asdict(readings[0])

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the server reads, and with what."""
        return {"status": "ok", "model": reader.spec.name, "kernels": reader.kernels or "none"}

    @app.get("/metrics")
    async def figures() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def main() -> None:
    """Serve on `READER_PORT` of `READER_HOST`, and answer what is left after SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn sends itself the signal again when it has ended
    app = server(Reader(threads=1), Limits.of_environment())
    host, port = os.environ.get("READER_HOST", "127.0.0.1"), int(os.environ.get("READER_PORT", "8000"))
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_keep_alive=30)


if __name__ == "__main__":
    main()
