"""`package` writes a folder that reads by itself, or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from conv_reader import conv_reader
from packaged_specs import LANGUAGE
from PIL import Image

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.escaping import read_tsv_field
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import ImageReading, predict
from crnn_deploy.native import LIBRARY_NAME, LIBRARY_VARIABLE, ort_custom_ops_path
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.serving import examples, layout
from crnn_deploy.serving.config import PackageConfig, TargetName
from crnn_deploy.serving.package import Package, package
from crnn_deploy.serving.targets.python import expected
from crnn_deploy.serving.targets.python.expected import Example
from crnn_deploy.serving.targets.python.module import SEARCH
from crnn_deploy.serving.targets.python.target import PythonTarget
from crnn_deploy.serving.targets.registry import TARGETS
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER

OWN = {"README.md", "crnn_reader.py", "model.onnx", "requirements.txt", "spec.json", "expected.py", "verify.py"}


def made(folder: Path, model: Path, **options: Any) -> Package:
    return package(PackageConfig(model=model, target="python", output=folder, **options))


def spec_of(**changes: Any) -> ModelSpec:
    seen = Preprocessing.model_validate({"height": 16, "max_width": 256, **changes})
    return ModelSpec(name="conv", charset=tuple("abcdefgh"), preprocessing=seen)


def classifier_spec() -> ModelSpec:
    seen = Preprocessing(height=16, width=16)
    return ModelSpec(name="conv", task="classify", class_names=tuple("uvwxyz"), preprocessing=seen)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Noise of many widths."""
    folder, random = tmp_path / "pictures", np.random.default_rng(0)
    folder.mkdir()
    for number in range(20):
        pixels = random.integers(0, 256, (16, 20 + 10 * number), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


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


def test_a_damaged_language_model_is_told_and_nothing_written(pictures: Path, tmp_path: Path) -> None:
    damaged = LANGUAGE.model_copy(update={"table": LANGUAGE.table[:20]})
    model = conv_reader(tmp_path / "conv.onnx", spec_of().model_copy(update={"language_model": damaged})).path
    with pytest.raises(InputError, match="language model is"):
        made(tmp_path / "new" / "package", model, data=str(pictures))
    assert not (tmp_path / "new").exists()


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
    for part in ("one line of text", "python verify.py", "4.33", "distill → export → quantize", "32 times as wide"):
        assert part in text
    assert packaged_reader.model_sha256 in text
    assert ("in INT8 on" in text) == (ort_custom_ops_path() is not None)
    assert "{" not in text


def test_requirements_are_those_of_crnn_deploy(packaged_reader: Package) -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    for row in Path(packaged_reader.path, "requirements.txt").read_text(encoding="utf-8").splitlines():
        assert f'"{row}"' in project


def test_every_target_has_a_name() -> None:
    assert set(TARGETS) == set(TargetName.__args__)  # type: ignore[attr-defined]


def test_examples_come_from_the_data(pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    (pictures / "bad.png").write_bytes(b"x")
    Image.new("L", (600, 16)).save(pictures / "wide.png")  # `predict` would cut it
    found = made(tmp_path / "package", model, data=str(pictures), examples=5)
    widths = [Image.open(tmp_path / "package" / "examples" / reading.path).width for reading in found.examples]
    assert widths == sorted(widths)
    assert (len(widths), widths[0] < 60, widths[-1] > 160) == (5, True, True)
    few = made(tmp_path / "few", model, data=str(pictures), examples=100)
    assert len(few.examples) == 20


def test_a_classifier_shows_all_classes(pictures: Path, tmp_path: Path) -> None:
    for name in "uvw":
        (tmp_path / "set" / name).mkdir(parents=True)
    for number, file in enumerate(sorted(pictures.iterdir())):
        shutil.copy(file, tmp_path / "set" / "uvw"[number % 3])
    model = conv_reader(tmp_path / "conv.onnx", classifier_spec()).path
    found = made(tmp_path / "package", model, data=str(tmp_path / "set"), examples=3)
    assert len(found.examples) == 3
    assert "which of 6 classes" in (tmp_path / "package" / "README.md").read_text(encoding="utf-8")


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


def test_a_model_that_reads_nothing_proves_nothing(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    (tmp_path / "blank").mkdir()
    for number in range(3):
        Image.new("L", (30, 16), 128).save(tmp_path / "blank" / f"{number}.png")
    assert (
        "same" in (found := made(tmp_path / "package", model, data=str(tmp_path / "blank"))).unproven or found.unproven
    )


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "center line": ({"preprocessing": Preprocessing(height=16, centerline=True)}, "centerline"),
    "display order": ({"text_order": "display"}, "text_order"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_rare_specs_are_refused(changes: dict[str, Any], message: str, pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of().model_copy(update=changes)).path
    with pytest.raises(InputError, match=message):
        made(tmp_path / "new" / "package", model, data=str(pictures))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("part", ["clips", "vector"])
def test_classifiers_of_more_than_pictures_are_refused(part: str, tmp_path: Path) -> None:
    seen = {"clips": {"max_stills": 4}} if part == "clips" else {"vector": ["age"]}
    spec = ModelSpec(
        name="more",
        task="classify",
        class_names=("a", "b"),
        preprocessing=Preprocessing.model_validate({"height": 8, "width": 8, **seen}),
    )
    with pytest.raises(InputError, match=part):
        made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path)


def test_logits_behind_another_output_are_refused(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of(), second_output=True).path
    with pytest.raises(InputError, match="gives frames before its logits"):
        made(tmp_path / "package", model)


def test_a_line_too_narrow_for_the_network_is_refused(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of(min_width=1, width_multiple=1)).path
    with pytest.raises(InputError, match="cannot run"):
        made(tmp_path / "package", model)


@pytest.mark.parametrize(("name", "message"), [("reader.safetensors", "crnn-deploy export"), ("absent.onnx", "absent")])
def test_only_onnx_artifacts_are_taken(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        made(tmp_path / "package", READER.with_name(name))
    assert message in str(refusal.value)


def test_a_classifier_needs_images(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", classifier_spec()).path
    with pytest.raises(InputError) as refusal:
        made(tmp_path / "package", model)
    assert "--data" in refusal.value.fix
    assert not (tmp_path / "package").exists()


def test_a_charset_that_cannot_be_rendered_needs_images(tmp_path: Path) -> None:
    spec = spec_of().model_copy(update={"charset": tuple("αβγδεζηθ")})
    with pytest.raises(InputError, match="charset of conv"):
        made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path)


def test_fonts_that_are_missing_are_told_with_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> Path:
        raise InputError("The default fonts are missing.", fix="Install them.")

    monkeypatch.setattr(examples, "render_lines", missing)
    with pytest.raises(InputError) as refusal:
        made(tmp_path / "package", READER)
    assert refusal.value.fix.split("\n") == ["Install them.", "Or name some images: --data SOURCE"]


def test_images_that_can_be_no_examples_are_told(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    Image.new("L", (600, 16)).save(tmp_path / "wide" / "0.png")
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    with pytest.raises(InputError, match="can be an example"):
        made(tmp_path / "package", model, data=str(tmp_path / "wide"))


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


def test_lines_are_rendered_in_the_characters_of_the_model(tmp_path: Path) -> None:
    spec = spec_of(height=32, max_width=1024).model_copy(update={"charset": tuple("0123456789α")})
    found = made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path, examples=2)
    assert len(found.examples) == 2


def test_the_data_may_be_labelled(tmp_path: Path) -> None:
    render_lines(RenderOptions(count=6, seed=4), tmp_path / "lines.tar")
    found = made(tmp_path / "package", READER, data=str(tmp_path / "lines.tar"), examples=3)
    assert [reading.path for reading in found.examples] == ["01.png", "02.png", "03.png"]


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
