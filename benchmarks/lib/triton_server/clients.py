"""Clients of a Triton server, which ask at once for the files that stdin names; prints the answers as JSON.

python clients.py ADDRESS COUNT <FILES
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tritonclient import grpc


def main() -> int:
    address, clients = sys.argv[1], int(sys.argv[2])
    files = sys.stdin.read().splitlines()
    contents = [Path(file).read_bytes() for file in files]
    answers: list[Any] = [None] * len(files)

    def ask(first: int) -> None:
        with grpc.InferenceServerClient(address) as client:
            for index in range(first, len(files), clients):
                answers[index] = {"file": files[index], **answer(client, contents[index])}

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, range(clients)))
    json.dump(answers, sys.stdout)
    return 0


def answer(client: grpc.InferenceServerClient, content: bytes) -> dict[str, Any]:
    """Text and confidence, or an error, for an encoded image, and when it was asked and answered, in seconds."""
    image = grpc.InferInput("IMAGE", [1, 1], "BYTES")
    image.set_data_from_numpy(np.array([[content]], np.object_))
    text, confidence, error = b"", 0.0, ""
    start = time.perf_counter()
    try:
        read = client.infer("reader", [image])
        text, confidence = read.as_numpy("TEXT")[0, 0], float(read.as_numpy("CONFIDENCE")[0, 0])
    except grpc.InferenceServerException as failure:
        error = failure.message()
    end = time.perf_counter()
    return {"text": text.decode(), "confidence": confidence, "error": error, "start": start, "end": end}


if __name__ == "__main__":
    sys.exit(main())
