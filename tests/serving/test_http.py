"""The server of a package: right answers to many at once, refusals that leave it up, and an end that loses nobody."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from http_server import server as server_process
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import Package, package
from crnn_deploy.zoo import READER

for module in ("fastapi", "prometheus_client", "python_multipart", "uvicorn"):
    pytest.importorskip(module)

SECONDS = 60
LIMITS = {"READER_BYTES": "200000", "READER_PIXELS": "1000000", "READER_IMAGES": "4", "READER_THREADS": "2"}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package with a server, which has been started and ended once to prove it."""
    folder = tmp_path_factory.mktemp("http") / "server"
    return package(PackageConfig(model=READER, target="http", output=folder, examples=4))


class Server(server_process.Server):
    """With the limits of these tests, and what they ask."""

    def __init__(self, folder: Path, **limits: str) -> None:
        super().__init__(folder, **{**LIMITS, **limits})

    def ask(self, path: str, body: bytes | None = None, kind: str = "image/png") -> tuple[int, Any]:
        """Status and answer of a request; 0 where there is no connection."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def status(self, path: str, body: bytes | None = None) -> int:
        return self.ask(path, body)[0]

    def text(self, body: bytes) -> str:
        status, answer = self.ask("read", body)
        assert status == 200, answer
        text: str = json.loads(answer)["text"]
        return text


@pytest.fixture(scope="module")
def server(packaged: Package) -> Iterator[Server]:
    running = Server(Path(packaged.path))
    yield running
    running.process.kill()
    running.process.wait()


def png(image: Image.Image) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


def lines_of(packaged: Package) -> dict[str, bytes]:
    """The examples, and each in other widths, by what is read in them."""
    reader, lines = Reader(READER, threads=1), {}
    for path in sorted(Path(packaged.path, "examples").glob("*.png")):
        with Image.open(path) as image:
            for width in (image.width, image.width * 5 // 6, image.width * 4 // 3):
                content = png(image.resize((width, image.height)))
                lines[reader(content).text] = content
    return lines


def test_the_folder_is_complete(packaged: Package) -> None:
    assert {"server.py", "draining.py", "Dockerfile", "crnn_reader.py", "verify.py", "README.md"} <= set(packaged.files)
    requirements = Path(packaged.path, "requirements.txt").read_text(encoding="utf-8")
    assert all(f"{name}>=" in requirements for name in ("numpy", "onnxruntime", "pillow", "fastapi", "uvicorn"))
    readme = Path(packaged.path, "README.md").read_text(encoding="utf-8")
    assert "{" not in readme


def test_many_clients_at_once_get_their_own_answers(server: Server, packaged: Package) -> None:
    lines = lines_of(packaged)
    assert len(lines) >= 4
    asked = [*lines.items()] * 20
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(lambda pair: server.text(pair[1]), asked))
    assert answers == [text for text, _ in asked]
    figures = server.ask("metrics")[1].decode()
    (count,) = (row.split()[1] for row in figures.splitlines() if row.startswith("reader_batch_images_sum"))
    (runs,) = (row.split()[1] for row in figures.splitlines() if row.startswith("reader_batch_images_count"))
    assert float(count) >= len(asked) > float(runs)  # batches were formed


def form(parts: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    """A form with files, and its content type."""
    body = b"".join(
        b'--edge\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n\r\n%s\r\n'
        % (name.encode(), content)
        for name, content in parts
    )
    return body + b"--edge--\r\n", "multipart/form-data; boundary=edge"


def test_the_files_of_a_form_are_read_in_their_order(server: Server, packaged: Package) -> None:
    lines = lines_of(packaged)
    status, answer = server.ask(
        "read", *form([(f"f{number}", each) for number, each in enumerate([*lines.values()][:4])])
    )
    assert status == 200
    assert [reading["text"] for reading in json.loads(answer)["readings"]] == [*lines][:4]


def bomb() -> bytes:
    return png(Image.new("1", (5000, 5000)))


HOSTILE: dict[str, tuple[bytes, str, int]] = {
    "empty": (b"", "image/png", 400),
    "text": (b"this is no image", "image/png", 400),
    "cut off": (png(Image.effect_noise((200, 40), 90))[:900], "image/png", 400),
    "too many bytes": (bytes(200_001), "image/png", 413),
    "too many pixels": (bomb(), "image/png", 413),
    "a form without files": (b"--edge--\r\n", "multipart/form-data; boundary=edge", 400),
    "a form that is none": (b"x", "multipart/form-data; boundary=edge", 400),
    "a form without its boundary": (b"x", "multipart/form-data", 400),
    "too many files": (*form([(f"f{n}", b"x") for n in range(5)]), 400),
    "one file of two is broken": (*form([("a", png(Image.new("L", (80, 32), 255))), ("b", b"x")]), 400),
}


@pytest.mark.parametrize(("body", "kind", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_image_is_refused(server: Server, body: bytes, kind: str, expected: int) -> None:
    status, answer = server.ask("read", body, kind)
    assert status == expected
    assert json.loads(answer)["detail"]
    assert server.status("health") == 200


def test_what_is_no_image_does_not_spoil_those_read_with_it(server: Server, packaged: Package) -> None:
    text, content = next(iter(lines_of(packaged).items()))
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda body: server.ask("read", body), [content, b"none", bomb()] * 16))
    assert [status for status, _ in answers] == [200, 400, 413] * 16
    assert {json.loads(answer)["text"] for _, answer in answers[::3]} == {text}


def test_other_requests_are_refused(server: Server) -> None:
    assert server.status("read") == 405
    assert server.status("nothing") == 404


def test_when_too_many_wait_some_are_sent_away_and_the_others_are_right(packaged: Package) -> None:
    text, content = next(iter(lines_of(packaged).items()))
    server = Server(Path(packaged.path), READER_QUEUE="2", READER_THREADS="1", READER_BATCH="1")
    try:
        with ThreadPoolExecutor(48) as clients:
            answers = list(clients.map(lambda _: server.ask("read", content), range(480)))
        statuses = [status for status, _ in answers]
        assert set(statuses) <= {200, 429}
        assert statuses.count(200) > 0
        assert {json.loads(answer)["text"] for status, answer in answers if status == 200} == {text}
        assert server.text(content) == text
    finally:
        assert server.end() == 0


def answer_of(connection: socket.socket, body: bytes, header: bytes = b"") -> bytes:
    """The whole answer to a request on a connection that the server closes."""
    head = b"POST /read HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n" % (header, len(body))
    connection.sendall(head + body)
    with connection.makefile("rb") as answer:
        return answer.read()


def test_an_end_under_load_loses_no_connection(packaged: Package) -> None:
    """Whoever gets a connection gets an answer, until there are none to be had."""
    text, content = next(iter(lines_of(packaged).items()))
    server = Server(Path(packaged.path), READER_GRACE="0")
    answers: list[bytes] = []

    def client() -> None:
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", server.port), SECONDS)
            except ConnectionRefusedError:
                return
            with connection:
                answers.append(answer_of(connection, content, b"Connection: close\r\n"))

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    while len(answers) < 100:
        time.sleep(0.01)
    code = server.end()
    for thread in threads:
        thread.join()
    assert code == 0
    assert {json.loads(answer.partition(b"\r\n\r\n")[2])["text"] for answer in answers} == {text}


def test_in_its_grace_the_server_says_that_it_ends_and_closes_each_connection_with_an_answer(packaged: Package) -> None:
    text, content = next(iter(lines_of(packaged).items()))
    server = Server(Path(packaged.path), READER_GRACE="2")
    with socket.create_connection(("127.0.0.1", server.port), SECONDS) as waiting:  # it is open, and has asked nothing
        server.terminate()
        while server.status("health") == 200:
            time.sleep(0.01)
        assert server.status("health") == 503
        assert server.text(content) == text
        answer = answer_of(waiting, content)
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["text"] == text
    assert server.process.wait(SECONDS) == 0


def test_a_slow_client_is_sent_away_and_holds_nobody_up(packaged: Package) -> None:
    text, content = next(iter(lines_of(packaged).items()))
    server = Server(Path(packaged.path), READER_SECONDS="1")
    try:
        with socket.create_connection(("127.0.0.1", server.port), SECONDS) as slow:
            slow.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            assert server.text(content) == text
            assert b" 503 " in slow.recv(1000)
    finally:
        assert server.end() == 0


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crnn_deploy.errors import InputError

    monkeypatch.setattr("crnn_deploy.serving.targets.http.target._NEEDED", ("fastapi", "no_such_module"))
    with pytest.raises(InputError, match="no_such_module") as caught:
        package(PackageConfig(model=READER, target="http", output=tmp_path / "server"))
    assert "crnn-deploy[http]" in caught.value.fix
    assert not (tmp_path / "server").exists()


def test_noise_does_not_end_the_server(server: Server) -> None:
    random = np.random.default_rng(0)
    good = png(Image.effect_noise((120, 32), 60))
    for _ in range(60):
        body = bytearray(good)
        for at in random.integers(0, len(body), 20):
            body[at] = random.integers(256)
        assert server.status("read", bytes(body)) in (200, 400, 413)
    assert server.status("health") == 200
