"""How the library is found, and models with it, without it, and in ONNX Runtime without our package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tiny_crnn
from native.conftest import LEVELS
from native.reference import one_node, open_model, random_layer

from crnn_deploy.artifact import read_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.native import KERNELS_VARIABLE, LIBRARY_VARIABLE, kernel_level, ort_custom_ops_path
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent
from crnn_deploy.runtime.onnxruntime import session_options


@pytest.fixture(scope="module", params=["gru", "lstm"])
def int8_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small recogniser with two quantized layers in sequence."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as monkeypatch:
        tiny_crnn.register(monkeypatch)
        artifact = tiny_crnn.tiny_artifact(folder, tiny_crnn.tiny_spec(rnn=request.param, layers=2))
        model = read_onnx(export(ExportConfig(model=artifact.path, output=folder / "fp32.onnx")).path)
    quantize_recurrent(model, [node.name for node in model.graph.node if node.op_type == request.param.upper()])
    onnx.save(model, folder / "int8.onnx")
    return folder / "int8.onnx"


def optimised_ops(model: Path, folder: Path) -> set[str]:
    options = session_options(1)
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    ort.InferenceSession(str(model), options)
    return {node.op_type for node in onnx.load(folder / "optimised.onnx").graph.node}


@pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")
def test_it_is_built_where_there_is_a_compiler(monkeypatch):
    monkeypatch.delenv(LIBRARY_VARIABLE, raising=False)
    path = ort_custom_ops_path()
    assert path is not None
    assert path.is_file()


def test_the_level_is_the_one_asked_for(level):
    assert kernel_level() == level


@pytest.mark.usefixtures("library")
def test_the_level_is_known(monkeypatch):
    monkeypatch.delenv(KERNELS_VARIABLE, raising=False)
    assert kernel_level() in (None, *LEVELS)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("name", ["avx9000", "none", "AVX2", " ", "portable "])
def test_unknown_kernels_are_refused(monkeypatch, name):
    monkeypatch.setenv(KERNELS_VARIABLE, name)
    with pytest.raises(InputError, match=KERNELS_VARIABLE):
        kernel_level()
    with pytest.raises(Exception, match=f"{KERNELS_VARIABLE}={name}"):
        open_model(one_node(random_layer(np.random.default_rng(0))))


def test_a_library_that_does_not_load(tmp_path, monkeypatch):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    monkeypatch.setenv(LIBRARY_VARIABLE, str(broken))
    with pytest.raises(InputError, match="cannot be loaded"):
        session_options()
    monkeypatch.delenv(LIBRARY_VARIABLE)
    monkeypatch.setattr("crnn_deploy.native.ort_custom_ops_path", lambda: broken)
    assert kernel_level() is None  # an installed library that does not load is ignored
    assert session_options() is not None


def test_the_library_runs_the_layers_itself(tmp_path, monkeypatch, library, int8_model):
    assert library
    monkeypatch.setenv(KERNELS_VARIABLE, "portable")
    ops = optimised_ops(int8_model, tmp_path)
    assert ops & {"QGRU", "QLSTM"}
    assert not ops & {"GRU", "LSTM"}


def test_without_it_the_function_bodies_run(tmp_path, monkeypatch, int8_model):
    monkeypatch.setenv(LIBRARY_VARIABLE, "")
    assert ort_custom_ops_path() is None
    assert kernel_level() is None
    ops = optimised_ops(int8_model, tmp_path)
    assert ops & {"GRU", "LSTM"}
    assert not ops & {"QGRU", "QLSTM", "Cast"}  # the weights are unpacked once, when the model is loaded


def test_a_library_that_is_not_there_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv(LIBRARY_VARIABLE, str(tmp_path / "none.so"))
    with pytest.raises(Exception, match=r"none\.so"):
        session_options(1)


def test_several_sessions_and_options_share_it(library, int8_model):
    images = np.random.default_rng(0).standard_normal((2, 1, 16, 64), np.float32)
    options = ort.SessionOptions()
    options.register_custom_ops_library(library)
    sessions = [ort.InferenceSession(str(int8_model), options) for _ in range(2)]
    sessions += [ort.InferenceSession(str(int8_model), session_options(1)) for _ in range(2)]
    expected = sessions[0].run(None, {"images": images})[0]
    while sessions:
        np.testing.assert_array_equal(sessions[-1].run(None, {"images": images})[0], expected)
        sessions.pop()


STRANGER = """
import sys
sys.path.append(sys.argv[1])
import numpy as np, onnxruntime as ort
try:
    import crnn_deploy
    raise SystemExit("crnn_deploy must not be importable here")
except ImportError:
    pass
options = ort.SessionOptions()
if len(sys.argv) > 4:
    options.register_custom_ops_library(sys.argv[4])
session = ort.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
np.save(sys.argv[3] + "/logits.npy", session.run(None, {"images": np.load(sys.argv[3] + "/images.npy")})[0])
"""


def run_elsewhere(folder: Path, *arguments: str) -> np.ndarray:
    """Logits from an interpreter that can import only NumPy and ONNX Runtime."""
    packages = folder / "packages"
    packages.mkdir()
    for installed in (Path(np.__file__).parent, Path(ort.__file__).parent):
        for part in installed.parent.glob(f"{installed.name}*"):
            (packages / part.name).symlink_to(part)
    command = [sys.executable, "-I", "-S", "-c", STRANGER, packages, arguments[0], folder, *arguments[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.load(folder / "logits.npy")


@pytest.mark.parametrize("registered", [False, True], ids=["stock", "registered by hand"])
def test_the_file_reads_the_same_without_our_package(tmp_path, library, int8_model, registered):
    images = np.random.default_rng(0).standard_normal((8, 1, 16, 128), np.float32)
    np.save(tmp_path / "images.npy", images)
    expected = ort.InferenceSession(str(int8_model), session_options(1)).run(None, {"images": images})[0]
    got = run_elsewhere(tmp_path, str(int8_model), *([library] if registered else []))
    assert len(np.unique(expected.argmax(-1))) > 2
    if registered:
        np.testing.assert_array_equal(got, expected)
    assert (got.argmax(-1) == expected.argmax(-1)).mean() > 0.97
    assert np.abs(got - expected).max() < 0.1 * expected.std()
