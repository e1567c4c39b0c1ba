"""Checks this folder: reads the example images, and compares with the texts that crnn-deploy read in them.

    python verify.py
    python verify.py --url localhost:8001

Without a server it checks the configurations, if tritonclient is installed, and runs the Python models of both
repositories with `stand_in.py` in place of Triton. With `--url` it asks a server over gRPC, which needs tritonclient.
It prints one line, and exits with 0 if all texts are the same and no confidence is far off, or else with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
import numpy as np
from expected import Example, examples, told
from stand_in import Server

SECONDS = 60
"""Until a server has to answer."""

REPOSITORIES = ("python", "onnxruntime")
HERE = Path(__file__).parent


def main() -> int:
    """Compare each example; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="where a server listens for gRPC, such as localhost:8001")
    url = parser.parse_args().url
    has_client = all(map(find_spec, ("grpc", "tritonclient")))
    if url and not has_client:
        parser.error("--url needs a client: pip install 'tritonclient[grpc]'")
    found = examples()
    if url:
        wrong, how = list(asked(url, found)), f" from {url}"
    else:
        wrong = [f"{name}: {text}" for name in REPOSITORIES for text in read(HERE / name, found)]
        how = " without a server"
    if not url and has_client:
        wrong, how = [*misconfigured(), *wrong], f"{how}, and the configurations are valid"
    code: int = told(wrong, len(found), how)
    return code


def read(repository: Path, found: list[Example]) -> Iterator[str]:
    """What is wrong with what the models of a repository read in one batch."""
    answers = Server(repository).read([example.path.read_bytes() for example in found])
    for example, answer in zip(found, answers, strict=True):
        error = answer.error()
        if error:
            yield f"{example.path.name}: {error.message()}"
            continue
        text, confidence = (tensor.as_numpy()[0, 0] for tensor in answer.tensors)
        yield from example.differences(text.decode(), float(confidence))


def misconfigured() -> Iterator[str]:
    """What is wrong with the configurations, by the definition of their format."""
    from google.protobuf import text_format
    from tritonclient.grpc.model_config_pb2 import ModelConfig

    for path in sorted(HERE.glob("*/*/config.pbtxt")):
        try:
            config = text_format.Parse(path.read_text(encoding="utf-8"), ModelConfig())
        except text_format.ParseError as error:
            yield f"{path.relative_to(HERE)}: {error}"
            continue
        if config.name != path.parent.name:
            yield f"{path.relative_to(HERE)} names the model {config.name!a}"


def asked(url: str, found: list[Example]) -> Iterator[str]:
    """What is wrong with the answers of a server."""
    from tritonclient import grpc

    try:
        with grpc.InferenceServerClient(url) as client:
            for example in found:
                image = grpc.InferInput("IMAGE", [1, 1], "BYTES")
                image.set_data_from_numpy(np.array([[example.path.read_bytes()]], np.object_))
                answer = client.infer("reader", [image], client_timeout=SECONDS)
                text, confidence = (answer.as_numpy(name)[0, 0] for name in ("TEXT", "CONFIDENCE"))
                yield from example.differences(text.decode(), float(confidence))
    except grpc.InferenceServerException as error:
        yield f"the server at {url} does not answer: {error.message()}"


if __name__ == "__main__":
    sys.exit(main())
