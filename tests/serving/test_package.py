"""`package` writes a folder that reads by itself, or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from conv_reader import conv_reader
from packaged_specs import LANGUAGE
from PIL import Image
from serving.packaging import made, spec_of

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.escaping import read_tsv_field
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import ImageReading, predict
from crnn_deploy.native import LIBRARY_NAME, LIBRARY_VARIABLE, ort_custom_ops_path
from crnn_deploy.serving import layout
from crnn_deploy.serving.config import TargetName
from crnn_deploy.serving.package import Package
from crnn_deploy.serving.targets.python import expected
from crnn_deploy.serving.targets.python.expected import Example
from crnn_deploy.serving.targets.python.module import SEARCH
from crnn_deploy.serving.targets.python.target import PythonTarget
from crnn_deploy.serving.targets.registry import TARGETS
from crnn_deploy.zoo import READER

OWN = {"README.md", "crnn_reader.py", "model.onnx", "requirements.txt", "spec.json", "expected.py", "verify.py"}


def left(folder: Path) -> list[str]:
    """What there is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def copy(packaged_reader: Package, tmp_path: Path) -> Path:
    """A copy of the reader's package, which a test may change."""
    return Path(shutil.copytree(packaged_reader.path, tmp_path / "copy"))


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    """`python verify.py` where neither crnn-deploy nor what it needs besides can be imported."""
    blocked = "import sys; sys.modules.update(dict.fromkeys(('crnn_deploy', 'torch', 'pydantic', 'onnx')))\n"
    code = f"{blocked}sys.path.insert(0, {str(folder)!r}); import verify; sys.exit(verify.main())"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-B", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder.parent, check=False)


def test_the_folder_is_complete(packaged_reader: Package) -> None:
    folder = Path(packaged_reader.path)
    names = {f"examples/{number:02}.png" for number in range(1, 5)} | {"examples/expected.tsv"} | OWN
    names |= {LIBRARY_NAME} if ort_custom_ops_path() else set()
    names |= set(SEARCH)
    assert set(packaged_reader.files) == names
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == names
    assert packaged_reader.size_bytes == sum((folder / name).stat().st_size for name in names)
    assert (folder / "model.onnx").read_bytes() == READER.read_bytes()
    assert left(folder.parent) == ["reader"]
    assert packaged_reader.unproven == ""


def test_the_expected_texts_are_those_of_predict(packaged_reader: Package) -> None:
    folder = Path(packaged_reader.path, "examples")
    read = predict(PredictConfig(images=(str(folder),), model=READER)).readings
    rows = [row.split("\t") for row in (folder / "expected.tsv").read_text(encoding="utf-8").splitlines()]
    assert rows[0] == ["file", "text", "confidence"]
    assert [read_tsv_field(text) for _, text, _ in rows[1:]] == [reading.text for reading in read]
    assert [reading.text for reading in packaged_reader.examples] == [reading.text for reading in read]
    assert all(reading.confidence > 0.9 for reading in read)
    widths = [Image.open(folder / name).width for name, _, _ in rows[1:]]
    assert max(widths) > 2 * min(widths)


def test_it_reads_without_crnn_deploy(copy: Path) -> None:
    done = verified(copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "4 of 4 examples read as expected\n"


def test_it_reads_without_the_kernels(copy: Path) -> None:
    (copy / LIBRARY_NAME).write_bytes(b"of another system")
    assert verified(copy).returncode == 0
    (copy / LIBRARY_NAME).unlink()
    assert verified(copy).returncode == 0


def test_a_package_without_the_kernels_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIBRARY_VARIABLE, "")
    found = made(tmp_path / "package", READER, examples=1)
    assert LIBRARY_NAME not in found.files
    assert "run in FP32: the kernels" in (tmp_path / "package" / "README.md").read_text(encoding="utf-8")


def test_without_a_language_model_there_is_no_search(pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    found = made(tmp_path / "package", model, data=str(pictures))
    assert {name for name in found.files if not name.startswith("examples/")} == OWN
    assert "language model" not in (tmp_path / "package" / "README.md").read_text(encoding="utf-8")


def test_with_a_language_model_the_library_is_there_for_any_network(pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of().model_copy(update={"language_model": LANGUAGE})).path
    found = made(tmp_path / "package", model, data=str(pictures))
    library = {LIBRARY_NAME} if ort_custom_ops_path() else set()
    assert {name for name in found.files if not name.startswith("examples/")} == {*OWN, *SEARCH, *library}
    assert "found with the language model" in (tmp_path / "package" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "package" / LIBRARY_NAME).unlink(missing_ok=True)
    assert verified(tmp_path / "package").returncode == 0


@pytest.mark.parametrize(("column", "value", "said"), [(1, "other", "expected 'other'"), (2, "0.1", "expected 0.1")])
def test_the_check_notices_another_text_or_confidence(copy: Path, column: int, value: str, said: str) -> None:
    table = copy / "examples" / "expected.tsv"
    rows = [row.split("\t") for row in table.read_text(encoding="utf-8").splitlines()]
    rows[2][column] = value
    table.write_text("\n".join("\t".join(row) for row in rows) + "\n", encoding="utf-8")
    done = verified(copy)
    assert done.returncode == 1
    assert done.stdout.startswith("1 of 4 examples differ: 02.png")
    assert said in done.stdout
    table.write_text("file\ttext\tconfidence\n", encoding="utf-8")
    assert verified(copy).returncode == 1


def test_the_readme_says_what_it_is(packaged_reader: Package) -> None:
    text = Path(packaged_reader.path, "README.md").read_text(encoding="utf-8")
    for part in ("one line of text", "python verify.py", "distill → average → export → quantize", "32 times as wide"):
        assert part in text
    assert packaged_reader.model_sha256 in text
    assert ("in INT8 on" in text) == (ort_custom_ops_path() is not None)
    assert "{" not in text


def test_the_readme_has_the_figures_of_the_model(pictures: Path, tmp_path: Path) -> None:
    spec = spec_of().model_copy(update={"metrics": {"validation": {"error": 0.0433}}})
    found = made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path, data=str(pictures))
    assert "4.33" in Path(found.path, "README.md").read_text(encoding="utf-8")


def test_requirements_are_those_of_crnn_deploy(packaged_reader: Package) -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    for row in Path(packaged_reader.path, "requirements.txt").read_text(encoding="utf-8").splitlines():
        assert f'"{row}"' in project


def test_every_target_has_a_name() -> None:
    assert set(TARGETS) == set(TargetName.__args__)  # type: ignore[attr-defined]


def test_external_data_gets_a_name_of_ours(pictures: Path, tmp_path: Path) -> None:
    plain = conv_reader(tmp_path / "plain.onnx", spec_of())
    model = onnx.load(plain.path)
    (tmp_path / "apart").mkdir()
    onnx.save_model(
        model, tmp_path / "apart" / "conv.onnx", save_as_external_data=True, location="numpy.py", size_threshold=64
    )
    found = made(tmp_path / "package", tmp_path / "apart" / "conv.onnx", data=str(pictures))
    assert "numpy.py" not in found.files
    assert "model.onnx.data" in found.files
    same = made(tmp_path / "same", plain.path, data=str(pictures))
    assert [reading.text for reading in found.examples] == [reading.text for reading in same.examples]


def test_other_texts_are_a_gate(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(folder: Path, readings: list[ImageReading]) -> None:
        layout.write_expected(folder, [reading.model_copy(update={"text": "other"}) for reading in readings])

    monkeypatch.setattr("crnn_deploy.serving.package.write_expected", wrong)
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    before = left(tmp_path)
    with pytest.raises(GateError) as refusal:
        made(tmp_path / "package", model, data=str(pictures))
    assert "01.png reads" in refusal.value.cause
    assert left(tmp_path) == before


def test_a_package_replaces_a_package_by_force_only(copy: Path, pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    with pytest.raises(InputError, match="already holds a package"):
        made(copy, model, data=str(pictures))
    made(copy, model, data=str(pictures), force=True)
    assert (copy / "model.onnx").read_bytes() == model.read_bytes()
    assert verified(copy).returncode == 0


def test_nothing_else_is_replaced(pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    with pytest.raises(InputError, match="holds other files"):
        made(pictures, model, force=True)
    with pytest.raises(InputError, match="is a file"):
        made(model, model, force=True)
    (tmp_path / "empty").mkdir()
    made(tmp_path / "empty", model, data=str(pictures))
    assert set(left(tmp_path / "empty")) >= OWN


@pytest.mark.parametrize("force", [False, True])
def test_an_interrupt_leaves_what_was_there(
    copy: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    def interrupted(*_: object) -> tuple[int, str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(PythonTarget, "verify", interrupted)
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    before = left(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        made(copy if force else tmp_path / "package", model, data=str(pictures), force=force)
    assert left(tmp_path) == before
    assert verified(copy).returncode == 0


def test_programs_that_resize_may_differ_in_a_quarter_of_the_texts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [Example(Path(f"{number}.png"), f"text {number}", 1.0) for number in range(4)]
    monkeypatch.setattr(expected, "examples", lambda: known)
    right = [example.text for example in known]
    assert expected.told_mostly("Program", [*right[:3], "other"]) == 0
    assert "3 of 4 examples as crnn-deploy; 3.png reads 'other', expected 'text 3'" in capsys.readouterr().out
    assert expected.told_mostly("Program", ["other", "other", *right[2:]]) == 1
    monkeypatch.setattr(expected, "examples", list)
    assert expected.told_mostly("Program", []) == 1
