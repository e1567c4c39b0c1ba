"""Every verb refuses a broken ONNX file with one block, and writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import broken_onnx as broken
import onnx
import pytest

from crnn_deploy import limits
from crnn_deploy.onnx_graph import execution

from .workshop import invoke, labelled

READ = "evaluate m.onnx --data lines"
WRITE = "quantize m.onnx --int8 --data lines -o out.onnx"
OTHERS = (
    "predict --model m.onnx lines/000.png",
    "benchmark m.onnx --rounds 1 --seconds 0.01",
    "build-engine m.onnx --fp16 --data lines -o out.engine",
    "distill m.onnx --data lines --no-labels --epochs 1 --hidden 8 --width 0.25 -o out.safetensors",
    "export m.onnx -o out.onnx",
    "import m.onnx --spec s.yaml -o out.onnx",
    "report m.onnx",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    labelled(work / "lines", 4, seed=1)
    (work / "s.yaml").write_text(broken.SPEC_YAML)
    monkeypatch.chdir(work)
    return work


def saved(change: broken.Change, path: str = "m.onnx") -> None:
    Path(path).write_bytes(broken.recogniser(change).SerializeToString())


def refused(command: str, message: str) -> None:
    before = sorted(Path().rglob("*"))
    result = invoke(command)
    assert result.exit_code == 2, f"{command}\n{result.output}"
    assert result.stderr.count("✗ ") == 1
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("name", broken.REFUSED)
def test_verbs_that_run_the_model_refuse_it(name: str) -> None:
    change, message = broken.REFUSED[name]
    saved(change)
    refused(READ, message)
    refused(WRITE, message)
    assert invoke("inspect m.onnx").exit_code in (0, 2)  # it describes what it can


@pytest.mark.parametrize("name", ["no weights", "NaN", "unknown operator", "no groups", "input without a type"])
@pytest.mark.parametrize("command", OTHERS)
def test_all_other_verbs_refuse_it(command: str, name: str) -> None:
    saved(broken.REFUSED[name][0])
    refused(command, "")


def test_a_loop_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.MAX_TRIAL_SECONDS < 20
    monkeypatch.setattr(execution, "MAX_TRIAL_SECONDS", 0.2)
    saved(broken.endless)
    for command in (READ, WRITE, OTHERS[-2]):
        refused(command, "takes longer than")
    assert "takes longer than" in " ".join(invoke("inspect m.onnx").stdout.split())


def test_a_graph_that_computes_nothing_unusual_is_read() -> None:
    saved(lambda model: broken.as_function(model, ("F", [broken.helper.make_node("Relu", ["a"], ["b"])])))
    assert invoke(READ).exit_code == 0


def nothing(_folder: Path) -> str:
    return "gone.data"


def absolute(_folder: Path) -> str:
    return "/etc/passwd"


def unnamed(_folder: Path) -> str:
    return ""


def outside(folder: Path) -> str:
    (folder.parent / "secret").write_bytes(bytes(10_000))
    return "../secret"


def link(folder: Path) -> str:
    outside(folder)
    (folder / "w.data").symlink_to(folder.parent / "secret")
    return "w.data"


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "w.data")
    return "w.data"


def directory(folder: Path) -> str:
    (folder / "w.data").mkdir()
    return "w.data"


def whole(folder: Path) -> str:
    (folder / "w.data").write_bytes(bytes(192))
    return "w.data"


@pytest.mark.parametrize(
    ("make", "offset", "length", "message"),
    [
        (nothing, "0", "192", "gone.data is missing"),
        (outside, "0", "192", "outside its own folder"),
        (absolute, "0", "192", "outside its own folder"),
        (unnamed, "0", "192", "outside its own folder"),
        (link, "0", "192", "outside its own folder"),
        (pipe, "0", "192", "is no file"),
        (directory, "0", "192", "is no file"),
        (whole, "8", "192", "are not in w.data"),
        (whole, "0", "9223372036854775807", "are not in w.data"),
        (whole, "-8", "192", "are not in w.data"),
        (whole, "zero", "192", "are not in w.data"),
        (whole, "0", "188", "are not in w.data"),
    ],
)
def test_external_data_that_cannot_be_used(folder: Path, make, offset: str, length: str, message: str) -> None:
    location = make(folder)

    def change(model: broken.ModelProto) -> None:
        tensor = broken.weight(model, "head")
        tensor.ClearField("raw_data")
        tensor.data_location = broken.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=value)

    saved(change)
    for command in (READ, WRITE, "inspect m.onnx", *OTHERS[-2:-1]):
        refused(command, message)


def test_external_data_beside_the_model_are_read_and_imported_into_one_file() -> None:
    saved(broken.unchanged, "whole.onnx")
    model = broken.recogniser()
    onnx.save(model, "m.onnx", save_as_external_data=True, location="w.data", size_threshold=64)
    assert invoke("import m.onnx --spec s.yaml -o out.onnx").exit_code == 0
    expected = invoke("predict --model whole.onnx lines").stdout
    assert invoke("predict --model m.onnx lines").stdout == expected
    Path("w.data").unlink()
    assert invoke("predict --model out.onnx lines").stdout == expected
