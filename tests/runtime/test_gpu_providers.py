"""A network runs on a GPU where ONNX Runtime has a provider for it that starts, and else on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from crnn_deploy.api import ExportConfig, export
from crnn_deploy.artifact import open_artifact
from crnn_deploy.ranks import Ranks
from crnn_deploy.runtime import network as networks
from crnn_deploy.runtime.gpu_providers import gpu_providers
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession, open_network
from crnn_deploy.training.teachers.model import TeacherModel
from crnn_deploy.zoo import READER

CUDA, TENSORRT, CPU = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"
IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 1, 32, 64)).astype(np.float32)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The providers that ONNX Runtime says it has; a test may add some."""
    names = [CPU]
    monkeypatch.setattr(ort, "get_available_providers", lambda: names)
    return names


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The providers that can be started, in place of which the CPU works; a test may add some."""
    names: list[str] = []
    load = networks.load_session

    class Session:
        def __init__(self, session: Any, providers: list[str]) -> None:
            self.session, self.providers = session, providers

        def __getattr__(self, name: str) -> Any:
            return getattr(self.session, name)

        def get_providers(self) -> list[str]:
            return self.providers

    def loading(model: Any, options: Any, title: str, providers: Any = ((CPU, {}),)) -> Any:
        started = [name for name, _ in providers if name in (*names, CPU)]
        return Session(load(model, options, title), started)

    monkeypatch.setattr(networks, "load_session", loading)
    return names


def run(model: TeacherModel) -> NDArray[np.float32]:
    logits, _ = model.run(IMAGES)
    return logits


def test_cuda_is_preferred_and_each_process_has_its_own_gpu(there: list[str]) -> None:
    assert gpu_providers(0) == []
    there[:0] = [TENSORRT, CUDA]
    assert [name for name, _ in gpu_providers(3)] == [CUDA, TENSORRT]
    assert {options["device_id"] for _, options in gpu_providers(3)} == {"3"}


@pytest.mark.parametrize("starts", [CUDA, TENSORRT])
def test_the_first_provider_that_starts_is_taken(
    there: list[str], starting: list[str], starts: str, tmp_path: Path
) -> None:
    there[:0] = [TENSORRT, CUDA]
    starting.append(starts)
    assert open_network(READER, gpu=0).provider == starts
    assert open_network(READER).provider == CPU
    artifact = open_artifact(READER)
    model = TeacherModel(artifact, features=False, ranks=Ranks(1, 2, 1, 2))
    assert model.place == f"on GPU 1 with {starts}"
    plain = export(ExportConfig(model=READER.with_name("reader.safetensors"), output=tmp_path / "plain.onnx"))
    assert TeacherModel(plain, features=True, ranks=Ranks(1, 2, 1, 2)).place == model.place


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_what_cannot_be_started_leaves_the_cpu(there: list[str]) -> None:
    """Of ONNX Runtime itself, which has no such provider here."""
    artifact = open_artifact(READER)
    plain = TeacherModel(artifact, features=False)
    assert plain.place == ""
    there.insert(0, CUDA)
    model = TeacherModel(artifact, features=False)
    assert model.place == f"on the CPU: {CUDA} could not be started here, or failed"
    assert np.array_equal(run(model), run(plain))


def test_what_fails_at_the_first_image_leaves_the_cpu(
    there: list[str], starting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there.insert(0, CUDA)
    starting.append(CUDA)
    failing = networks.run_within_limit

    def fails(session: Any, *rest: Any) -> Any:
        if session.get_providers()[0] == CUDA:
            raise networks.InputError("no kernel image is available")
        return failing(session, *rest)

    monkeypatch.setattr(networks, "run_within_limit", fails)
    assert TeacherModel(open_artifact(READER), features=False).place.startswith("on the CPU")


@pytest.mark.usefixtures("there")
def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    opened = OnnxRuntimeSession.__init__

    def opening(self: OnnxRuntimeSession, artifact: Any, threads: int | None = None, gpu: int | None = None) -> None:
        given.append(threads)
        opened(self, artifact, threads, gpu)

    monkeypatch.setattr(OnnxRuntimeSession, "__init__", opening)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    for ranks in (Ranks(), Ranks(0, 4, 0, 2), Ranks(0, 16, 0, 16)):
        TeacherModel(open_artifact(Path(READER)), features=False, ranks=ranks)
    assert given == [None, 4, 1]
