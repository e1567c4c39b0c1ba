"""Workers read images in chunks, and give what one process gives: the same readings, remarks and errors, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError
from stand_ins import make_files

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation import shared_prediction
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A folder, files, an archive; one image is far too wide. Chunks are of 16 images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shared_prediction, "_WINDOWS", 2)
    make_files(("photos", "unseen.tar"), tmp_path)
    Image.new("L", (9000, 16), 255).save("wide.png")
    return ("photos/3.png", "unseen.tar", "wide.png", *(f"photos/{number}.png" for number in range(20)), "photos")


def read(images: tuple[str, ...], **options: Any) -> Any:
    return predict(PredictConfig(images=images, batch_size=1, **options))


def test_the_result_is_that_of_one_process(images: tuple[str, ...]) -> None:
    one = read(images)
    assert len(one.readings) == 1 + 24 + 1 + 20 + 32
    assert one.image_notes.squeezed.count == 1
    assert read(images, workers=1) == one
    assert read(images, workers=2) == one


def test_a_broken_image_stops_or_is_left_out(images: tuple[str, ...]) -> None:
    Path("photos/9.png").write_bytes(Path("photos/9.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"photos/9\.png in the command line is broken"):
        read(images, workers=1)
    found = read(images, workers=1, skip_bad=True)
    assert found.skipped == ("photos/9.png", "photos/9.png")
    assert found == read(images, skip_bad=True)


def test_what_workers_cannot_read_is_refused(images: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="workers go without an image from stdin"):
        read(("-", *images), workers=2)
    with pytest.raises(ValidationError, match="engine ray goes without pages"):
        PredictConfig(images=images, pages=True, engine="ray")
