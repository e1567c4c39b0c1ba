"""Images are read from wherever they are, in the order in which they are given."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import fake_tensorrt
import pytest
import tiny_crnn
from fake_gpu import FakeCuda
from fake_tensorrt import FakeLibrary, profile

from crnn_deploy.artifact import Artifact, write_onnx
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.progress import Silent
from crnn_deploy.runtime.tensorrt.manifest import Gpu


class Counting(Silent):
    def track(self, items, description, total, done=0):
        self.total, self.seen = total, done
        for item in items:
            self.seen += 1
            yield item


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifact:
    tiny_crnn.register(monkeypatch)
    monkeypatch.chdir(tmp_path)
    tiny_crnn.image_folder(tmp_path / "lines", 7)
    with tarfile.open("lines.tar", "w") as archive:
        archive.add("lines")
    return tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())


def read(model: Artifact, *images: str, **options: Any) -> Any:
    return predict(PredictConfig(images=images, model=model.path, **options))


def test_files_folders_and_archives_give_the_same_text(model) -> None:
    files = sorted(str(path) for path in Path("lines").iterdir())
    by_file, by_folder, by_archive = (read(model, *given) for given in (files, ["lines"], ["lines.tar"]))
    assert [reading.path for reading in by_file.readings] == files == [r.path for r in by_folder.readings]
    assert [reading.path for reading in by_archive.readings] == [f"lines.tar/{file}" for file in files]
    texts = [[reading.text for reading in found.readings] for found in (by_file, by_folder, by_archive)]
    assert texts[0] == texts[1] == texts[2]
    assert len(set(texts[0])) > 1
    assert by_file.runtime == "torch"
    assert by_file.sha256 == model.sha256


def test_the_order_is_that_of_the_command_line(model) -> None:
    found = read(model, "lines/006.png", "lines/000.png", "lines.tar", "lines/003.png", batch_size=2)
    paths = [reading.path for reading in found.readings]
    assert paths[:2] == ["lines/006.png", "lines/000.png"]
    assert paths[2:-1] == [f"lines.tar/lines/{index:03}.png" for index in range(7)]
    assert paths[-1] == "lines/003.png"


def test_labelled_sources_are_read_too(model) -> None:
    Path("lines/labels.tsv").write_text("000.png\tab\n001.png\tcd\n")
    assert [reading.path for reading in read(model, "lines").readings] == ["lines/000.png", "lines/001.png"]
    assert open_source("lines").kind == "text"


def test_batch_size_changes_nothing_and_every_image_counts(model) -> None:
    one, many = read(model, "lines", batch_size=1), read(model, "lines", batch_size=16)
    assert [r.text for r in one.readings] == [r.text for r in many.readings]
    assert [r.confidence for r in one.readings] == pytest.approx([r.confidence for r in many.readings], abs=1e-5)
    assert all(0 < reading.confidence <= 1 for reading in one.readings)
    progress = Counting()
    predict(PredictConfig(images=("lines", "lines.tar"), model=model.path), progress)
    assert progress.seen == progress.total == 14


def test_a_wide_beam_may_read_otherwise_but_reads_everything(model) -> None:
    found = read(model, "lines", decoder="beam", beam_width=4)
    assert len(found.readings) == 7


def test_a_broken_image_stops_or_is_left_out(model) -> None:
    Path("lines/002.png").write_bytes(Path("lines/002.png").read_bytes()[:60])
    Path("empty.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"002\.png in lines is broken"):
        read(model, "lines")
    found = read(model, "empty.png", "lines", skip_bad=True)
    assert len(found.readings) == 6
    assert found.skipped == ("empty.png", "lines/002.png")
    with pytest.raises(InputError, match="All 1 images are broken"):
        read(model, "empty.png", skip_bad=True)


@pytest.mark.parametrize(
    ("given", "message"), [("gone.png", "does not exist"), ("tiny.safetensors", "is not a data set")]
)
def test_what_holds_no_images_is_refused(model, given, message) -> None:
    with pytest.raises(InputError, match=message):
        read(model, given)


def test_an_engine_reads_like_any_artifact(tmp_path, monkeypatch) -> None:
    profiles = [profile((8, 400), 4)]
    library = FakeLibrary(FakeCuda(), profiles)
    fake_tensorrt.install(monkeypatch, library, Gpu("NVIDIA L4", "sm89"))
    tiny_crnn.image_folder(tmp_path / "lines", 9)
    engine = fake_tensorrt.engine(tmp_path, profiles)
    plain = tmp_path / "line.onnx"
    write_onnx(plain, fake_tensorrt.line_model(), engine.spec)
    found = [read(Artifact(path, engine.spec), str(tmp_path / "lines")) for path in (engine.path, plain)]
    assert [f.runtime for f in found] == ["tensorrt", "onnxruntime"]
    assert [r.text for r in found[0].readings] == [r.text for r in found[1].readings]
    assert len({reading.text for reading in found[0].readings}) > 1


def test_patterns_that_the_shell_left_stand_for_files(model) -> None:
    by_pattern = read(model, "lines/00[13].png", "lin*/006.*")
    assert [reading.path for reading in by_pattern.readings] == ["lines/001.png", "lines/003.png", "lines/006.png"]
    Path("[1].png").write_bytes(Path("lines/000.png").read_bytes())
    assert [reading.path for reading in read(model, "[1].png").readings] == ["[1].png"]
    with pytest.raises(InputError, match="No file fits the pattern"):
        read(model, "nothing/*.png")
