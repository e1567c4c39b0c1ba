"""`Reader` reads what `evaluate` and `predict` read, from any kind of image, in threads and streams."""

from __future__ import annotations

import io
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import crnn_deploy
from crnn_deploy import Reader
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.evaluation.config import EvaluateConfig, PredictConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.reading.given import image_of
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.reader import Item
from crnn_deploy.zoo import READER


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rendered lines of many widths, two of which are wider than the reader of the package takes."""
    folder = tmp_path_factory.mktemp("rendered")
    source = open_source(str(render_lines(RenderOptions(count=12, seed=3), folder / "lines.tar", False)))
    pictures = [source.image(index).convert("L") for index in range(len(source))]
    for number, picture in enumerate(pictures):
        picture.save(folder / f"line{number}.png")
    for number, copies in enumerate((5, 8)):
        wide = [np.asarray(picture.resize((1000, 32))) for picture in pictures[:copies]]
        Image.fromarray(np.concatenate(wide, axis=1)).save(folder / f"wide{number}.png")
    return folder


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1, batch_size=4)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def test_the_text_is_that_of_predict_and_evaluate(lines: Path, reader: Reader) -> None:
    paths = files(lines)
    predicted = predict(PredictConfig(images=tuple(map(str, paths)), threads=1)).readings
    by_list, one_by_one = reader(paths), [reader(path) for path in paths]
    assert [each.text for each in by_list] == [each.text for each in one_by_one] == [each.text for each in predicted]
    assert [each.confidence for each in by_list] == pytest.approx([each.confidence for each in predicted], abs=1e-5)
    (lines / "labels.tsv").write_text("".join(f"{path.name}\tx\n" for path in paths))
    evaluated = evaluate(EvaluateConfig(artifact=READER, data=str(lines), threads=1)).predictions
    assert {each.item: each.text for each in evaluated} == dict(
        zip((path.name for path in paths), (each.text for each in by_list), strict=True)
    )


def as_bytes(path: Path) -> bytes:
    return path.read_bytes()


def as_array(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("L"))


GIVEN: dict[str, Callable[[Path], Any]] = {
    "text": str,
    "bytes": as_bytes,
    "bytearray": lambda path: bytearray(as_bytes(path)),
    "memoryview": lambda path: memoryview(as_bytes(path)),
    "file": lambda path: io.BytesIO(as_bytes(path)),
    "Pillow": Image.open,
    "array": as_array,
    "array with one channel": lambda path: as_array(path)[:, :, np.newaxis],
    "RGB": lambda path: np.repeat(as_array(path)[:, :, np.newaxis], 3, axis=2),
    "16 bits": lambda path: as_array(path).astype(np.uint16) * 257,
    "16 bits RGB": lambda path: np.repeat(as_array(path)[:, :, np.newaxis], 3, axis=2).astype(np.uint16) * 257,
    "opaque": lambda path: np.dstack([as_array(path)] * 3 + [np.full_like(as_array(path), 255)]),
    "not contiguous": lambda path: np.asfortranarray(as_array(path)),
}


@pytest.mark.parametrize("form", GIVEN.values(), ids=GIVEN)
def test_an_image_may_be_given_in_any_form(lines: Path, reader: Reader, form: Callable[[Path], Any]) -> None:
    path = files(lines)[0]
    expected = reader(path)
    assert expected.text
    assert reader(form(path)) == expected
    assert reader([form(path), form(path)]) == [expected, expected]


def test_threads_may_share_a_reader(lines: Path, reader: Reader) -> None:
    paths = files(lines) * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(reader, paths)) == [reader(path) for path in paths]


def test_a_reader_that_is_pickled_opens_its_model_again(
    lines: Path, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same options, also in a process that is in another folder, as those of Ray and joblib may be."""
    path = files(lines)[0]
    shutil.copyfile(READER, tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps([Reader("model.onnx", threads=1, batch_size=3, beam_width=2, notes=NoteTaker()), reader])
    monkeypatch.chdir("/")
    first, second = pickle.loads(pickled)
    assert (first._batch_size, first._decoder._search.width) == (3, 2)
    assert first.artifact.path == tmp_path / "model.onnx"
    assert second(path) == reader(path)
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer)[1](sys.argv[1]).text)"
    done = subprocess.run([sys.executable, "-c", program, path], input=pickled, capture_output=True, check=True)
    assert done.stdout.decode().strip() == reader(path).text
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(InputError, match=r"model\.onnx"):
        pickle.loads(pickled)


def test_a_stream_has_constant_memory_and_stays_in_order(lines: Path, reader: Reader) -> None:
    """No more than two windows of images are asked for before the first reading is there."""
    paths, asked = files(lines), []

    def endless() -> Any:
        while True:
            asked.append(len(asked))
            yield paths[len(asked) % len(paths)]

    stream = reader.stream(endless())
    found = [next(stream) for _ in range(100)]
    assert len(asked) <= 100 + 3 * 8 * 4
    assert [each.text for each in found] == [reader(paths[(n + 1) % len(paths)]).text for n in range(100)]
    stream.close()


def test_the_error_of_a_broken_image_stands_in_its_place(lines: Path, reader: Reader) -> None:
    path = files(lines)[0]
    items = [Item(str(given), partial(image_of, given, str(given))) for given in (path, Path("missing.png"), path)]
    first, error, last = reader.read(items)
    assert isinstance(error, InputError)
    assert first == last == reader(path)
    with pytest.raises(InputError, match="number 2 is broken"):
        list(reader.stream([path, b"x", path]))


def test_numbers_that_are_not_finite_name_the_image(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(threads=1)
    run = reader._session.run
    monkeypatch.setattr(reader._session, "run", lambda images: run(images) * np.float32(np.nan))
    with pytest.raises(GateError, match="number 1"):
        reader(files(lines)[0])


def test_reading_needs_neither_pytorch_nor_pydantic(lines: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = sys.modules['pydantic'] = sys.modules['pydantic_core'] = None\n"
        f"from crnn_deploy import Reader; print(Reader()({str(files(lines)[0])!r}).text)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == Reader()(files(lines)[0]).text


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="Raeder"):
        crnn_deploy.Raeder  # noqa: B018


@pytest.mark.parametrize(
    ("option", "value"), [("threads", 0), ("batch_size", 2.5), ("beam_width", True), ("beam_width", 0)]
)
def test_numbers_that_make_no_sense(option: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{option} is {value}"):
        Reader(**{option: value})  # type: ignore[arg-type]


def test_a_decoder_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="decoder is 'magic'") as refused:
        Reader(decoder="magic")  # type: ignore[arg-type]
    assert "auto, greedy, beam" in str(refused.value.fix)
