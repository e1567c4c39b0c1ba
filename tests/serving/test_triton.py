"""Repositories for Triton: the Python models with a stand-in for the server, and on a real one."""

from __future__ import annotations

import importlib.util
import io
import shutil
import socket
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conv_reader import conv_reader
from PIL import Image
from triton_server.server import TritonServer, missing, python, triton_server

from crnn_deploy import Reader
from crnn_deploy.native import LIBRARY_NAME, ort_custom_ops_path
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import Package, package
from crnn_deploy.serving.targets.python.module import SEARCH
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER

SAID = "this is no image that can be read"
needs_server = pytest.mark.skipif(bool(missing()), reason=missing())

# Runs the network in place of the ONNX Runtime backend, which the server of the tests lacks.
NETWORK = """
from pathlib import Path
import onnxruntime as ort
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        self.session = ort.InferenceSession(str(Path(__file__).with_name("model.onnx")))

    def execute(self, requests):
        given = [pb_utils.get_input_tensor_by_name(request, "images").as_numpy() for request in requests]
        logits = [self.session.run(["logits"], {"images": images})[0] for images in given]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("logits", each)]) for each in logits]
"""


def encoded(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


BAD = {
    "empty": b"",
    "text": b"this is no image",
    "cut off": encoded(Image.effect_noise((200, 40), 90))[:900],
    "too many pixels": encoded(Image.new("1", (5000, 5000))),
    "a bomb": encoded(Image.new("1", (20000, 20000))),
}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package of the reader that comes with crnn-deploy, which has read its examples; leave it as it is."""
    folder = tmp_path_factory.mktemp("triton") / "repositories"
    return package(PackageConfig(model=READER, target="triton", output=folder, examples=4))


@pytest.fixture(scope="module")
def lines(packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """The examples in several widths, and what `Reader` reads in each."""
    folder, reader = tmp_path_factory.mktemp("lines"), Reader(READER, threads=1)
    for path in sorted(Path(packaged.path, "examples").glob("*.png")):
        with Image.open(path) as image:
            for width in (image.width, image.width * 5 // 6, image.width * 4 // 3):
                image.resize((width, image.height)).save(folder / f"{path.stem}-{width}.png")
    return {path: reader(path).text for path in sorted(folder.iterdir())}


@pytest.fixture
def stand_in(packaged: Package) -> Iterator[Any]:
    """The module of the package that runs its Python models without a server."""
    spec = importlib.util.spec_from_file_location("stand_in", Path(packaged.path, "stand_in.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in (module.BACKEND, "crnn_reader", *(Path(name).stem for name in SEARCH)):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def server(packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    with triton_server(Path(packaged.path, "python"), tmp_path_factory.mktemp("server")) as running:
        yield running


def test_the_folder_is_complete(packaged: Package) -> None:
    python_model = {"model.py", "crnn_reader.py", "spec.json", *SEARCH}
    kernels = {LIBRARY_NAME} if ort_custom_ops_path() else set()
    names = {f"python/reader/1/{name}" for name in python_model | {"model.onnx"} | kernels}
    names |= {f"onnxruntime/reader/1/{name}" for name in python_model | {"network.json"} | kernels}
    names |= {f"onnxruntime/network/1/{name}" for name in {"model.onnx"} | kernels}
    names |= {f"{name}/config.pbtxt" for name in ("python/reader", "onnxruntime/reader", "onnxruntime/network")}
    names |= {"README.md", "expected.py", "requirements.txt", "spec.json", "stand_in.py", "verify.py"}
    assert {name for name in packaged.files if not name.startswith("examples/")} == names
    for name in names:
        if name.endswith("model.onnx"):
            assert Path(packaged.path, name).read_bytes() == READER.read_bytes()
    assert "{" not in Path(packaged.path, "README.md").read_text(encoding="utf-8")


def test_it_replaces_itself_by_force(packaged: Package, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(packaged.path, tmp_path / "copy"))
    again = package(PackageConfig(model=READER, target="triton", output=copy, examples=1, force=True))
    assert len(again.examples) == 1


@pytest.mark.parametrize("repository", ["python", "onnxruntime"])
def test_an_error_is_told_to_its_client_alone(
    repository: str, stand_in: Any, packaged: Package, lines: dict[Path, str]
) -> None:
    contents = [path.read_bytes() for path in lines]
    answers = stand_in.Server(Path(packaged.path, repository)).read([*BAD.values(), *contents])
    errors = [answer.error() for answer in answers if answer.has_error()]
    assert [error.message().partition(":")[0] for error in errors] == [SAID] * len(BAD)
    assert {error.code for error in errors} == {"INVALID_ARG"}
    texts = [answer.tensors[0].as_numpy()[0, 0].decode() for answer in answers[len(BAD) :]]
    assert texts == list(lines.values())


def test_a_request_of_several_images_gets_their_texts_in_order(
    stand_in: Any, packaged: Package, lines: dict[Path, str]
) -> None:
    server = stand_in.Server(Path(packaged.path, "python"))
    images = np.array([[path.read_bytes()] for path in lines], np.object_)
    requests = [stand_in.SimpleNamespace(tensors=[stand_in.Tensor("IMAGE", part)]) for part in (images[:5], images[5:])]
    answers = server.model.execute(requests)
    texts = [text.decode() for answer in answers for (text,) in answer.tensors[0].as_numpy()]
    assert texts == list(lines.values())
    assert answers[0].tensors[1].as_numpy().shape == (5, 1)


def test_a_network_that_fails_for_one_line_reads_the_others(
    stand_in: Any, packaged: Package, lines: dict[Path, str]
) -> None:
    server = stand_in.Server(Path(packaged.path, "python"))
    read = server.model._reader.read_inputs
    widths: list[int] = []

    def failing(inputs: list[Any]) -> Any:
        widths.extend(each.shape[2] for each in inputs)
        if inputs[0].shape[2] == widths[0] or len(inputs) > 1:
            raise ValueError("not finite")
        return read(inputs)

    server.model._reader.read_inputs = failing
    answers = server.read([path.read_bytes() for path in lines])
    failed = [answer.error().message() for answer in answers if answer.has_error()]
    assert set(failed) == {"not finite"}
    assert 0 < len(failed) < len(lines)


def test_a_network_of_a_fixed_batch_is_asked_for_as_many(tmp_path: Path) -> None:
    """And one whose first axis is time; the package would not be written if it did not read."""
    seen = Preprocessing(height=16, max_width=256)
    spec = ModelSpec(name="conv", charset=tuple("abcdefgh"), preprocessing=seen, output_layout="TNC")
    model = conv_reader(tmp_path / "conv.onnx", spec, batch=5).path
    random = np.random.default_rng(0)
    for number in range(6):
        pixels = random.integers(0, 256, (16, 40 + 20 * number), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    written = package(PackageConfig(model=model, target="triton", output=tmp_path / "new", data=str(tmp_path)))
    assert len(written.examples) == 6
    config = Path(written.path, "onnxruntime", "network", "config.pbtxt").read_text(encoding="utf-8")
    assert "dims: [ 5, 1, 16, -1 ]" in config
    assert "op_library_filename" not in config


@needs_server
def test_clients_at_once_get_their_own_texts_and_batches_are_formed(
    server: TritonServer, lines: dict[Path, str]
) -> None:
    asked = [*lines] * 20
    answers = server.ask(asked, clients=16)
    assert [(answer.text, answer.error) for answer in answers] == [(lines[path], "") for path in asked]
    counted = server.statistics()
    assert counted.images == len(asked)
    assert counted.batches < counted.images


@needs_server
def test_what_is_no_image_is_an_error_and_the_others_are_right(
    server: TritonServer, lines: dict[Path, str], tmp_path: Path
) -> None:
    for name, content in BAD.items():
        (tmp_path / name).write_bytes(content)
    bad = cycle(sorted(tmp_path.iterdir()))
    answers = server.ask([path for line in [*lines] * 4 for path in (line, next(bad))], clients=8)
    assert {answer.error.partition(":")[0] for answer in answers[1::2]} == {SAID}
    assert [(answer.text, answer.error) for answer in answers[::2]] == [(text, "") for text in lines.values()] * 4
    assert server.is_ready()


@needs_server
def test_the_check_asks_a_server_and_knows_its_configurations(server: TritonServer, packaged: Package) -> None:
    script = str(Path(packaged.path, "verify.py"))
    assert python([script, "--url", server.address]).stdout.startswith("4 of 4 examples read as expected from 127")
    assert python([script]).stdout.endswith("without a server, and the configurations are valid\n")


@needs_server
def test_the_reader_asks_a_network_of_its_own_and_the_server_ends(
    packaged: Package, lines: dict[Path, str], tmp_path: Path
) -> None:
    """The server has no ONNX Runtime backend, so its Python backend runs the network, too."""
    repository = Path(shutil.copytree(Path(packaged.path, "onnxruntime"), tmp_path / "repository"))
    config = repository / "network" / "config.pbtxt"
    text = config.read_text(encoding="utf-8").replace('"onnxruntime"', '"python"').partition("model_operations")[0]
    config.write_text(text, encoding="utf-8")
    (repository / "network" / "1" / "model.py").write_text(NETWORK, encoding="utf-8")
    with triton_server(repository, tmp_path) as server:
        answers = server.ask([*lines] * 5, clients=16)
        assert [answer.text for answer in answers] == list(lines.values()) * 5
        assert server.statistics("network").batches < server.statistics().images
        assert server.stop() == 0
    host, _, port = server.address.partition(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), 1)
    assert not server.is_ready()
