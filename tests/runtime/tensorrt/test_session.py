"""A session over an engine picks profiles, splits batches, and explains what it cannot run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_tensorrt
import numpy as np
import onnxruntime as ort
import pytest
from fake_gpu import FakeCuda
from fake_tensorrt import FakeLibrary, profile
from onnx import TensorProto

from crnn_deploy.errors import InputError
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import DeviceTimed
from crnn_deploy.runtime.tensorrt.manifest import Gpu
from crnn_deploy.runtime.tensorrt.session import TensorRTSession, fitting_profile

GPU = Gpu("NVIDIA RTX 4090", "sm89")
PROFILES = (profile((32, 100), 8), profile((100, 400), 4), profile((32, 400), 2))
Opened = tuple[TensorRTSession, FakeLibrary]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Opened]:
    def make(rtx: bool = False, loops: bool = False, gpu: Gpu | None = GPU, **changes: Any) -> Opened:
        profiles = changes.pop("profiles", PROFILES)
        library = FakeLibrary(FakeCuda(), profiles, rtx, loops)
        fake_tensorrt.install(monkeypatch, library, gpu)
        flavor = "tensorrt-rtx" if rtx else "tensorrt"
        session = open_session(fake_tensorrt.engine(tmp_path, profiles, **{"flavor": flavor, **changes}))
        assert isinstance(session, TensorRTSession)
        return session, library

    return make


def images(count: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 1, 10, width)).astype(np.float32)


def expected(batch: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(fake_tensorrt.line_model().SerializeToString(), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"images": batch})
    return logits


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((8, 1, 10, 64), (0, 8)),
        ((1, 1, 10, 100), (0, 1)),  # as wide as both bounds: the profile with less work at most is chosen
        ((2, 1, 10, 200), (2, 2)),
        ((3, 1, 10, 200), (1, 3)),
        ((9, 1, 10, 64), (0, 8)),
        ((9, 1, 10, 300), (1, 4)),
        ((1, 1, 10, 404), None),
        ((1, 1, 10, 28), None),
        ((1, 3, 10, 64), None),
    ],
)
def test_the_smallest_profile_that_holds_most_is_chosen(shape, found) -> None:
    assert fitting_profile(PROFILES, shape) == found


def test_batches_below_a_profile_do_not_fit_it() -> None:
    assert fitting_profile([profile((32, 100), 8, fewest=4)], (3, 1, 10, 64)) is None


@pytest.mark.parametrize("rtx", [False, True])
def test_logits_are_those_of_the_model_for_all_widths_and_batches(opened, rtx) -> None:
    session, library = opened(rtx)
    assert session.runtime == ("tensorrt-rtx" if rtx else "tensorrt")
    for seed, (count, width) in enumerate([(1, 32), (3, 64), (8, 100), (19, 64), (5, 400), (3, 64), (3, 64), (1, 32)]):
        batch = images(count, width, seed)
        assert np.allclose(session.run(batch), expected(batch), atol=1e-5), (count, width)
    assert all(context.records_by_itself == rtx for context in library.contexts)


def test_a_result_outlives_the_next_run(opened) -> None:
    session, _ = opened()
    first = session.run(images(2, 64, 1))
    session.run(images(2, 64, 2))
    assert np.allclose(first, expected(images(2, 64, 1)), atol=1e-5)


def test_an_engine_of_half_precision_tensors_takes_and_gives_floats(opened) -> None:
    session, _ = opened(dtype=TensorProto.FLOAT16)
    output = session.run(images(2, 64))
    assert output.dtype == np.float32
    assert np.allclose(output, expected(images(2, 64)), atol=0.05)


def test_the_time_on_the_gpu_is_summed_over_the_parts_of_a_batch(opened) -> None:
    session, _ = opened()
    assert isinstance(session, DeviceTimed)
    session.run(images(19, 64))
    assert session.device_ms == pytest.approx(3 * 0.25)
    session.run(images(1, 64))
    assert session.device_ms == pytest.approx(0.25)


def test_images_that_no_profile_holds_are_refused_with_the_widths_that_fit(opened) -> None:
    session, _ = opened()
    with pytest.raises(
        InputError, match=r"No profile of .*line\.engine holds a batch of 1 images of 1×10×404"
    ) as caught:
        session.run(images(1, 404))
    assert "1×10×32 to 1×10×100 in batches of 1 to 8" in caught.value.cause


@pytest.mark.parametrize("closed", [True, False])
def test_all_memory_is_freed_by_close_or_with_the_session(opened, closed) -> None:
    session, library = opened()
    for _ in range(3):
        session.run(images(2, 64))
    cuda = library.cuda
    assert cuda.graphs
    if closed:
        session.close()
        assert cuda.closed
    del session
    assert cuda.closed
    assert [len(held) for held in (cuda.device, cuda.pinned, cuda.graphs)] == [0, 0, 0]


def test_a_machine_without_gpu_is_told_so_before_tensorrt_is_asked(opened) -> None:
    with pytest.raises(InputError, match=r"needs an NVIDIA GPU \(sm86, sm89\), and this machine has none"):
        opened(gpu=None)


def test_another_gpu_is_refused(opened) -> None:
    with pytest.raises(InputError, match="Tesla T4 is sm75"):
        opened(gpu=Gpu("Tesla T4", "sm75"))


def test_an_engine_that_tensorrt_refuses_brings_its_complaints(opened, monkeypatch) -> None:
    monkeypatch.setattr("fake_tensorrt.ort.InferenceSession", lambda *_, **__: 1 / 0)
    with pytest.raises(InputError, match=r"TensorRT cannot load .*line\.engine") as caught:
        opened()
    assert caught.value.cause == "magicTag is wrong"


@pytest.mark.parametrize(("changes", "allowed"), [({}, False), ({"version_compatible": True}, True)])
def test_code_for_the_processor_is_allowed_only_to_engines_that_need_it(opened, changes, allowed) -> None:
    _, library = opened(**changes)
    assert library.host_code_allowed == allowed


def test_an_embedded_plugin_needs_no_library(opened) -> None:
    _, library = opened(plugin=fake_tensorrt.plugin(embedded=True))
    assert library.host_code_allowed
    assert not library.loaded


def test_a_plugin_beside_the_engine_is_loaded_for_each_session_alone(tmp_path, monkeypatch) -> None:
    path = tmp_path / "libplugin.so"
    path.write_bytes(b"x")
    library = FakeLibrary(FakeCuda(), PROFILES)
    fake_tensorrt.install(monkeypatch, library, GPU)
    artifact = fake_tensorrt.engine(tmp_path, PROFILES, plugin=fake_tensorrt.plugin(embedded=False))
    with pytest.raises(InputError, match="needs the plugin library"):
        open_session(artifact)
    monkeypatch.setattr("crnn_deploy.runtime.tensorrt.session.plugin_library", lambda _: path)
    sessions = [open_session(artifact), open_session(artifact)]
    assert library.loaded == [str(path)] * 2
    del sessions


def test_a_plugin_that_does_not_load_is_explained(tmp_path, monkeypatch) -> None:
    fake_tensorrt.install(monkeypatch, FakeLibrary(FakeCuda(), PROFILES), GPU)
    monkeypatch.setattr("crnn_deploy.runtime.tensorrt.session.plugin_library", lambda _: tmp_path / "gone.so")
    artifact = fake_tensorrt.engine(tmp_path, PROFILES, plugin=fake_tensorrt.plugin(embedded=False))
    with pytest.raises(InputError, match=r"gone\.so does not load here"):
        open_session(artifact)


def test_a_real_library_complains_through_the_session_s_logger(tmp_path) -> None:
    real = pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed")
    module = importlib.import_module("crnn_deploy.runtime.tensorrt.session")
    artifact = fake_tensorrt.engine(tmp_path, PROFILES)
    manifest = module.read_manifest(artifact.path)
    with pytest.raises(InputError, match="cannot load") as caught:
        module._deserialized(real, artifact.path, manifest, None)
    assert caught.value.cause


def test_an_engine_whose_spec_has_no_vector_for_its_second_input_is_refused(opened: Callable[..., Opened]) -> None:
    with pytest.raises(InputError, match="does not fit its inputs"):
        opened(other_inputs=("vector",))
