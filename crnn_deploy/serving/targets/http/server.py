"""Reads lines over HTTP, with the model in the folder of this file.

    python server.py                                    # on port 8000
    curl --data-binary @line.png localhost:8000/read    # {"text": "…", "confidence": 0.98}

`POST /read` takes an encoded image as the body, or several as the files of a form; `GET /health` tells whether the
server reads, `GET /metrics` its figures for Prometheus. On SIGTERM it answers what it has taken, and ends.

Requests share batches: whenever a thread is free, it takes the images that have waited longest, decodes them, and reads
those of one width together. So nothing waits for a batch to fill, and batches grow with the load.
"""

from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from crnn_reader import FORMATS, Floats, Reader, Reading, network_input
from draining import DrainingServer


@dataclass(frozen=True)
class Limits:
    """What a client can ask for; the environment sets each, such as `READER_QUEUE=1000`."""

    bytes: int = 10_000_000  # of a request
    pixels: int = 20_000_000  # of an image, by its header
    images: int = 64  # of a form
    queue: int = 256  # images that wait
    seconds: int = 10  # until a request is answered
    batch: int = 16  # images that a thread takes at once
    threads: int = os.cpu_count() or 1  # that read
    grace: int = 1  # seconds after SIGTERM in which connections are still taken

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
        sizes = (1, 2, 4, 8, 16, 32, 64)
        self.batches = Histogram("reader_batch_images", "Images of a batch.", buckets=sizes, registry=self.registry)
        self.waiting = Gauge("reader_waiting_images", "Images that wait.", registry=self.registry)


@dataclass
class Waiting:
    """An encoded image that waits to be read, and who is told."""

    content: bytes
    told: asyncio.Future[Reading]


class Batcher:
    """Reads images in threads of its own, several at a time where several wait; to be used in one event loop."""

    def __init__(self, reader: Reader, limits: Limits, metrics: Metrics) -> None:
        self._reader = reader
        self._limits = limits
        self._batches = metrics.batches
        self._pool = ThreadPoolExecutor(limits.threads)
        self._free = limits.threads
        self._waiting: deque[Waiting] = deque()
        metrics.waiting.set_function(lambda: len(self._waiting))

    async def read(self, contents: list[bytes]) -> list[Reading]:
        """What is read in encoded images.

        Raises HTTPException with 400 or 413 where one cannot be read, with 429 where too many wait.
        """
        if len(self._waiting) + len(contents) > self._limits.queue:
            raise HTTPException(429, "too many images wait", {"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        asked = [Waiting(content, loop.create_future()) for content in contents]
        self._waiting.extend(asked)
        self._start()
        return await asyncio.gather(*(each.told for each in asked))

    async def close(self) -> None:
        """Read all that waits, and end the threads."""
        while self._waiting or self._free < self._limits.threads:
            await asyncio.sleep(0.01)
        self._pool.shutdown()

    def _start(self) -> None:
        """Give each free thread the images that have waited longest."""
        while self._free and self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._limits.batch))]
            asked = [waiting for waiting in taken if not waiting.told.done()]  # the others' time is over
            if asked:
                self._free -= 1
                running = asyncio.get_running_loop().run_in_executor(self._pool, self._run, asked)
                running.add_done_callback(partial(self._finish, asked))

    def _run(self, asked: list[Waiting]) -> list[Reading | HTTPException]:
        """What is read in each image, or why nothing is."""
        inputs = [prepared(each.content, self._reader, self._limits) for each in asked]
        readings = iter(self._reader.read_inputs([each for each in inputs if not isinstance(each, HTTPException)]))
        return [each if isinstance(each, HTTPException) else next(readings) for each in inputs]

    def _finish(self, asked: list[Waiting], done: asyncio.Future[list[Reading | HTTPException]]) -> None:
        self._free += 1
        self._start()
        self._batches.observe(len(asked))
        error = done.exception()
        for waiting, found in zip(asked, done.result() if error is None else [error] * len(asked), strict=True):
            if waiting.told.done():
                continue
            if isinstance(found, BaseException):
                waiting.told.set_exception(found)
            else:
                waiting.told.set_result(found)


def prepared(content: bytes, reader: Reader, limits: Limits) -> Floats | HTTPException:
    """The network's input `[C, H, W]` for an encoded image, or why there is none: 400 or 413."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.width * image.height > limits.pixels:
            return HTTPException(413, f"the image has more than {limits.pixels} pixels")
        return network_input(image, reader.spec.preprocessing)
    except Image.DecompressionBombError:
        return HTTPException(413, f"the image has more than {limits.pixels} pixels")
    except Exception as error:  # Pillow raises many classes for damaged files
        return HTTPException(400, f"this is no image that can be read: {error}")


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
    app.state.draining = False

    async def readings_of(request: Request) -> list[Reading]:
        return await batcher.read(await images_of(request, limits))

    async def read(request: Request) -> Response:
        """The reading of the image in the body, or those of a form's files in their order."""
        start, status = time.monotonic(), 500
        try:
            readings = await asyncio.wait_for(readings_of(request), limits.seconds)
            status = 200
        except asyncio.TimeoutError:
            status = 503
            raise HTTPException(status, f"no answer within {limits.seconds} seconds", {"Retry-After": "1"}) from None
        except HTTPException as error:
            status = error.status_code
            raise
        finally:
            metrics.answers.labels(status).inc()
            metrics.seconds.observe(time.monotonic() - start)
        told = [vars(each) for each in readings]
        return JSONResponse({"readings": told} if _is_form(request) else told[0])

    app.add_route("/read", read, methods=["POST"])  # as Starlette does it: FastAPI would look for parameters

    @app.get("/health")
    async def health(response: Response) -> dict[str, str]:
        """Whether the server reads, and with what; 503 once it is about to end."""
        response.status_code = 503 if app.state.draining else 200
        status = "draining" if app.state.draining else "ok"
        return {"status": status, "model": reader.spec.name, "kernels": reader.kernels or "none"}

    @app.get("/metrics")
    async def figures() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def main() -> None:
    """Serve on `READER_PORT` of `READER_HOST`, and answer what is left after SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn sends itself the signal again when it has ended
    limits = Limits.of_environment()
    app = server(Reader(threads=1), limits)
    host, port = os.environ.get("READER_HOST", "127.0.0.1"), int(os.environ.get("READER_PORT", "8000"))
    config = uvicorn.Config(app, host=host, port=port, timeout_keep_alive=30, log_level="warning", access_log=False)
    gc.freeze()  # what lives as long as the server need not be looked through again
    DrainingServer(config, limits.grace).run()


if __name__ == "__main__":
    main()
