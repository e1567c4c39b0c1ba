"""Bad input ends in one block and exit code 2, and leaves the folder as it was."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .workshop import fill, invoke

STUDENT = "--epochs 1 --hidden 8 --width 0.25"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop")
    fill(folder)
    return folder


@pytest.fixture(autouse=True)
def folder(workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the workshop of one's own, as the working folder."""
    copy = tmp_path / "work"
    shutil.copytree(workshop, copy)
    monkeypatch.chdir(copy)
    return copy


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def refused(command: str, message: str) -> str:
    """What the command says on stderr, after checking that it is refused as it should be."""
    before = contents(Path())
    result = invoke(command)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("✗ ") == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert contents(Path()) == before
    return str(result.stderr)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("nowhere.pt", "does not exist"),
        ("empty.pt", "is empty"),
        ("cut.pt", "is not a complete PyTorch checkpoint"),
        ("page.pth", "is not a PyTorch checkpoint"),
        ("noweights.pt", "holds no weights"),
        ("shell.pt", "posix.system"),
        ("object.pt", "CompactCrnn"),
        ("cut.safetensors", "cannot be read as .safetensors"),
        ("page.safetensors", "cannot be read as .safetensors"),
    ],
)
def test_files_that_are_no_checkpoints(file: str, message: str) -> None:
    refused(f"import {file} -o out.safetensors", message)
    refused(f"inspect {file}", message)
    assert not Path("executed").exists()


def test_a_folder_is_no_checkpoint() -> None:
    refused("import nothing -o out.safetensors", "is a folder")
    refused("inspect nothing", "is empty")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("import unknown.pt -o out.safetensors", "--module FILE.py:Class"),
        ("import misfit.pt -o out.safetensors", "doesn't fit the head"),
        ("import model.pt --spec spec.yaml -o out.safetensors", "did you mean 'preprocessing'?"),
        ("import model.pt --spec nothing -o out.safetensors", "nothing"),
        ("import model.pt --spec number.yaml -o out.safetensors", "charset"),
        ("import t.safetensors -o out.safetensors", "already"),
        ("import model.pt -o out.onnx", ".safetensors"),
        ("export t.onnx -o out.onnx", "exported already"),
        ("export t.safetensors -o out.onnx --opset 17", "19"),
        ("export t.safetensors -o out.onnx --data cutimage", "003.png"),
        ("inspect cut.onnx", "cannot be read as .onnx"),
        ("evaluate cut.onnx --data val", "cannot be read as .onnx"),
        ("evaluate cut.safetensors --data val", "cannot be read as .safetensors"),
        ("evaluate newer.safetensors --data val", "upgrade crnn-deploy"),
        ("inspect newer.safetensors", "upgrade crnn-deploy"),
        ("inspect newest.safetensors", "upgrade crnn-deploy"),
        ("evaluate wrong.safetensors --data val", "don't fit"),
    ],
)
def test_models_that_cannot_be_used(command: str, message: str) -> None:
    refused(command, message)


def test_a_network_without_a_recurrent_layer(shared_data: Path) -> None:
    path = shared_data / "checkpoints" / "lprnet" / "Final_LPRNet_model.pth"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    refused(f"import {path} -o out.safetensors", "no recurrent layer")


@pytest.mark.parametrize("data", ["nowhere", "nothing", "missing", "classes", "model.pt", "noimage", "cutimage"])
def test_data_that_cannot_be_evaluated(data: str) -> None:
    said = refused(f"evaluate t.onnx --data {data}", "")
    assert ("003.png" if "image" in data else data) in said


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate t.onnx --data outside", "'z'"),
        (f"distill t.onnx --data outside {STUDENT} -o s.safetensors", "'z'"),
        (f"distill t.onnx --data noimage {STUDENT} -o s.safetensors", "003.png"),
        (f"distill t.onnx --data nothing {STUDENT} -o s.safetensors", "nothing"),
        (f"distill t.onnx --data classes {STUDENT} -o s.safetensors", "class labels"),
        (f"distill t.onnx --data val --val outside {STUDENT} -o s.safetensors", "'z'"),
        (f"distill t.onnx --data val --val shared {STUDENT} -o s.safetensors", "share 1 images"),
        ("distill t.onnx --data val -o s.onnx", ".safetensors"),
        ("distill t.onnx --data val -o t.safetensors", "--force"),
        ("distill t.onnx --data val --student mobilenet-v5 -o s.safetensors", "mobilenet-v4-gru"),
        ("distill t.onnx --data val --no-labels --charset axy -o s.safetensors", "don't fit together"),
        ("distill t.onnx --data val --loss frame-lk -o s.safetensors", "frame-kl"),
        ("distill t.onnx --data val --loss frame-kl:until -o s.safetensors", "not key=value"),
        ("distill t.onnx --data val --loss ctc:weight={ -o s.safetensors", "--loss"),
        ("distill t.onnx --data val --budget-ms 1 --width 0.5 -o s.safetensors", "chooses the student"),
        ("distill t.onnx --data val --student mobilenet-v4-gru:stride=5 -o s.safetensors", "stride"),
        ("distill t.onnx --data val --student mobilenet-v4-gru:depth=5 -o s.safetensors", "depth"),
        ("train --data val --model crnn-bilstm:hidden -o s.safetensors", "not key=value"),
        ("train --data val --model crnn-bilstm:hidden=8 --hidden 8 -o s.safetensors", "given twice"),
        ("distill t.onnx --data val --student mobilenet-v4-gru:lyers=2 -o s.safetensors", "did you mean 'layers'?"),
        ("distill t.onnx --data val --loss hinton-kd -o s.safetensors", "does not go with a ctc model"),
        ("distill t.onnx --data val --no-labels --loss ctc -o s.safetensors", "needs labels"),
        ("distill t.onnx --data val --warm-start t.onnx -o s.safetensors", "t.onnx"),
        ("distill t.onnx --data val --stride 6 -o s.safetensors", "'--stride'"),
        ("train --data unlabelled -o s.safetensors", "no labels"),
        ("train --data val --loss frame-kl -o s.safetensors", "needs a teacher"),
        ("train --data val --model resnet -o s.safetensors", "crnn-bilstm"),
        ("train --data val -o s.onnx", ".safetensors"),
        ("quantize t.onnx --int8 --data noimage -o q.onnx", "003.png"),
        ("quantize t.onnx --int8 --data cutimage -o q.onnx", "003.png"),
        ("quantize t.onnx --int8 --data nothing -o q.onnx", "nothing"),
        ("quantize t.int8.onnx --int8 --data val -o q.onnx", "quantized already"),
        ("quantize t.safetensors --int8 --data val -o q.onnx", "export"),
        ("quantize t.onnx --int8 --data val -o t.int8.onnx", "--force"),
        ("quantize t.onnx --int8 --data val --samples 7 -o q.onnx", "only 6 usable images"),
        ("quantize t.onnx --int8 --data val --samples 3 --held-out 4 -o q.onnx", "--held-out 4 need 7"),
        ("quantize t.onnx --int8 --data same -o q.onnx", "are the same"),
        ("quantize r.onnx --int8 --data val -o q.onnx", "nothing to quantize"),
        ("quantize t.onnx --int8 --data val -o q.bin", ".onnx"),
        ("quantize t.onnx --int8 --data val -o model.pt/q.onnx", "model.pt"),
        ("quantize t.onnx --int8 --data val --report q.txt -o q.onnx", ".html or .json"),
        ("quantize t.onnx --int8 --data val --report recipe.yaml -o q.onnx", ".html or .json"),
        ("quantize t.onnx --int8 --data val --target tpu -o q.onnx", "--target"),
        ("quantize t.onnx --int8 --data val --calibrator max -o q.onnx", "--calibrator"),
        ("quantize t.onnx --int8 --data val --max-error-rise -1 -o q.onnx", "--max-error-rise"),
        ("benchmark t.onnx t.onnx", "twice"),
        ("benchmark t.onnx --data noimage", "003.png"),
        ("benchmark t.onnx --threads 0", "threads"),
        ("render -o lines.zip --count 3", ".zip"),
        ("render -o val --count 3 --force", "holds other files"),
        ("render -o lines.tar --count 0", "count"),
        ("render -o lines.tar --count 3 --font Nowhere", "Nowhere"),
        ("render -o model.pt/lines.tar --count 3", "model.pt"),
        ("report nothing", "report.json"),
        ("report recipe.yaml", "not a report"),
        ("run typo.yaml", "did you mean 'epochs'?"),
        ("run shared.yaml", "calibration and evaluation sets share 1 images"),
        ("run recipe.yaml --set distill.epocs=3", "did you mean 'epochs'?"),
        ("run recipe.yaml --set sources.train=nowhere", "nowhere"),
        ("run recipe.yaml --set sources.train=shared", "share 1 images"),
        ("run recipe.yaml --set distill.epochs=[1", "distill.epochs"),
        ("run recipe.yaml --out model.pt", "model.pt"),
        ("run nothing", "nothing"),
        ("run model.pt", "model.pt"),
    ],
)
def test_other_verbs(command: str, message: str) -> None:
    refused(command, message)


@pytest.mark.parametrize("data", ["noimage", "cutimage"])
def test_broken_images_are_left_out_when_asked(data: str) -> None:
    result = invoke(f"evaluate t.onnx --data {data} --skip-bad --json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["count"] == 5


def test_force_replaces_and_a_folder_is_never_replaced() -> None:
    assert invoke("import model.pt -o t.safetensors --force").exit_code == 0
    Path("f.safetensors").mkdir()
    refused("import model.pt -o f.safetensors --force", "is a folder")


def test_json_stays_one_object_when_something_is_logged() -> None:
    result = invoke("quantize t.onnx --int8 --data val -o q.onnx --json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["path"] == "q.onnx"
    assert "4 images" in result.stderr


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 4 KiB, so that writing a larger one fails half-way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_write_that_breaks_off_leaves_nothing() -> None:
    refused("render -o lines.tar --count 20", "lines.tar cannot be written")


@pytest.mark.usefixtures("full_disk")
def test_a_checkpoint_that_breaks_off_keeps_the_old_one() -> None:
    refused("import model.pt -o t.safetensors --force", "t.safetensors cannot be written")


def test_files_can_be_read_by_others() -> None:
    assert Path("t.safetensors").stat().st_mode == Path("t.onnx").stat().st_mode


def test_an_archive_cut_between_two_images() -> None:
    refused("quantize t.onnx --int8 --data cutheader.tar -o q.onnx", "truncated")


def test_a_broken_evaluation_image_is_found_before_training() -> None:
    result = invoke("run broken.yaml --out runs")
    assert result.exit_code == 2
    assert "003.png" in result.stderr
    assert "distill: running" not in result.stderr


@pytest.mark.parametrize("verb", ["quantize t.onnx --int8 -o q.onnx --data", "evaluate t.onnx --data"])
def test_hints_name_options_that_exist(verb: str) -> None:
    assert "--skip-bad" in refused(f"{verb} noimage", "003.png")
    assert "--skip-bad" in invoke(f"{verb.split()[0]} --help").stdout


def test_several_processes_cannot_measure_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused("distill t.onnx --data val --budget-ms 1 -o s.safetensors", "several processes")
