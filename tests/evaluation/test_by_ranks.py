"""Two processes evaluate and read as one does, and each image is opened once in all."""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from started_ranks import run

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.sources import encoded
from crnn_deploy.data.sources.encoded import EncodedSource
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import EvaluateConfig, PredictConfig
from crnn_deploy.evaluation.evaluate import error_by_ranks, evaluate, evaluate_by_ranks
from crnn_deploy.evaluation.predict import Prediction, predict_by_ranks
from crnn_deploy.evaluation.primary_error import primary_error
from crnn_deploy.ranks import connected_ranks
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.zoo import READER

pytest.importorskip("pyarrow")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """60 lines of different widths; two of them are broken."""
    folder = tmp_path / "lines"
    folder.mkdir()
    rng = np.random.default_rng(1)
    rows = []
    for number in range(60):
        text = "".join(rng.choice(list("ABCDEF 123"), rng.integers(2, 9))).strip() or "A"
        image = Image.new("L", (14 * len(text) + 8, 24), 255)
        ImageDraw.Draw(image).text((4, 2), text, 20, font_size=16)
        image.save(folder / f"{number:02}.png")
        rows.append(f"{number:02}.png\t{text}\n")
    for broken in ("07", "31"):
        whole = (folder / f"{broken}.png").read_bytes()
        (folder / f"{broken}.png").write_bytes(whole[: len(whole) // 2])
    (folder / "labels.tsv").write_text("".join(rows))
    return folder


def in_tar(folder: Path) -> Path:
    with tarfile.open(folder.with_suffix(".tar"), "w") as archive:
        archive.add(folder, ".")
    os.utime(folder.with_suffix(".tar"), (1e9, 1e9))  # no index is kept of what was just written
    return folder.with_suffix(".tar")


def work(lines: Path, folder: Path, kept_from: int) -> dict[str, Any]:
    """What one process finds, and how often it looked at each image for the index and opened it to read."""
    encoded.KEPT_FROM = kept_from
    opened = counted("image")
    indexed = counted("_fact")
    found: dict[str, Any] = {}
    with connected_ranks() as ranks:
        config = EvaluateConfig(
            **of_reader(lines).model_dump(exclude={"predictions"}), predictions=folder / f"{ranks.count}.parquet"
        )
        evaluation = evaluate_by_ranks(config, ranks)
        found["figures"] = None if evaluation is None else evaluation.figures()
        found["evaluated"] = Counter(opened), Counter(indexed)
        opened.clear()
        reading = PredictConfig(
            images=(str(lines), str(lines.with_name("lines") / "00.png")), skip_bad=True, batch_size=1, threads=1
        )
        readings = predict_by_ranks(reading, ranks)
        found["readings"] = None if readings is None else readings.model_dump()
        found["read"] = Counter(opened)
    return found


def of_reader(lines: Path) -> EvaluateConfig:
    options = {"skip_bad": True, "batch_size": 4, "threads": 1, "resamples": 20}
    return EvaluateConfig.model_validate({"artifact": READER, "data": str(lines), **options})


def counted(method: str) -> list[str]:
    """The names of the images for which a method of sources is called from now on."""
    called: list[str] = []
    original = getattr(EncodedSource, method)

    def counting(self: EncodedSource, index: int) -> object:
        called.append(self.item_name(index))
        return original(self, index)

    setattr(EncodedSource, method, counting)
    return called


@pytest.mark.parametrize("kept", [False, True])
def test_two_processes_find_what_one_finds(
    tmp_path: Path, lines: Path, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of few images no index is kept, and of so many one is."""
    data, kept_from = (in_tar(lines), 10) if kept else (lines, 100)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache of one"))
    (alone,) = run(work, tmp_path / "one", data, tmp_path, kept_from, count=1)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache of two"))
    first, second = run(work, tmp_path / "two", data, tmp_path, kept_from)
    assert (tmp_path / "cache of two" / "index").exists() == kept
    assert first["figures"] == alone["figures"]
    assert first["figures"]["skipped"] == ["07.png", "31.png"]
    assert first["readings"] == alone["readings"]
    assert len(first["readings"]["skipped"]) == 2
    assert (second["figures"], second["readings"]) == (None, None)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    for process in (first, second):
        assert len(process["evaluated"][0]) > 20
        assert len(process["read"]) > 20
    assert first["evaluated"][0] + second["evaluated"][0] == alone["evaluated"][0]
    assert first["evaluated"][1] + second["evaluated"][1] == alone["evaluated"][1]
    assert set(alone["evaluated"][0].values()) == {1}
    assert not second["evaluated"][1]
    assert first["read"] + second["read"] == alone["read"]


def read_strictly(lines: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"before the broken one": [], "broken": ""}
    try:
        with connected_ranks() as ranks:
            config = PredictConfig(images=(str(lines),), batch_size=1, threads=1)
            for path, reading in Prediction(config, ranks=ranks):
                found["before the broken one"].append((path, reading))
            ranks.wait()
    except InputError as error:
        found["broken"] = error.what
    return found


def test_a_broken_image_ends_the_reading_in_its_place(tmp_path: Path, lines: Path) -> None:
    """As in one process: all before it are read, whichever process it belongs to."""
    (lines / "07.png").write_bytes((lines / "00.png").read_bytes())
    (alone,) = run(read_strictly, tmp_path / "one", lines, count=1)
    first, second = run(read_strictly, tmp_path / "two", lines)
    assert first == alone
    assert len(first["before the broken one"]) == 31
    assert "31.png" in first["broken"]
    assert second["before the broken one"] == []
    assert "Another process" in second["broken"]


def share_of_error(lines: Path) -> float:
    with connected_ranks() as ranks:
        session = open_session(open_artifact(READER), 1)
        return error_by_ranks(session, open_source(lines), of_reader(lines), ranks)


def test_all_processes_get_the_error_of_one(tmp_path: Path, lines: Path) -> None:
    whole = evaluate(of_reader(lines))
    assert run(share_of_error, tmp_path / "two", lines) == [primary_error(whole.accuracy)] * 2
