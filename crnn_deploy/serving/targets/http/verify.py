"""Checks this folder: starts the server, asks it for each example image, and ends it as a container is ended.

    python verify.py

It prints one line, and exits with 0 if all answers are those of `examples/expected.tsv`, or else with 1.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from expected import examples, told

SECONDS = 60
"""Until the server has to answer, and to end."""


def main() -> int:
    """Compare each example; returns the exit code."""
    found = examples()
    port = free_port()
    environment = {**os.environ, "READER_PORT": str(port), "READER_HOST": "127.0.0.1"}
    server = subprocess.Popen([sys.executable, str(Path(__file__).with_name("server.py"))], env=environment)
    try:
        wait_for(server, port)
        answers = [ask(port, "read", example.path.read_bytes()) for example in found]
        server.send_signal(signal.SIGTERM)
        if server.wait(SECONDS):
            print(f"the server ended with {server.returncode}")
            return 1
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"the server does not answer: {error}")
        return 1
    finally:
        server.kill()
    answered = zip(found, answers, strict=True)
    wrong = [text for example, answer in answered for text in example.differences(**answer)]
    code: int = told(wrong, len(found), " over HTTP")
    return code


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the server answers. Raises OSError if it ends, or takes too long."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            ask(port, "health")
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def ask(port: int, path: str, body: bytes | None = None) -> Any:
    """The answer to a request, from JSON."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", body, SECONDS) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
