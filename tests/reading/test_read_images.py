"""Outputs are checked before they become text."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import tiny_crnn
from PIL import Image

from crnn_deploy.data.batching import Batch
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.reading.read_images import check_logits, read
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

BATCH = Batch([4, 0, 2], np.zeros((3, 1, 8, 8), np.float32))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return open_source(str(tiny_crnn.image_folder(tmp_path_factory.mktemp("images") / "lines", 5)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("position", "name"), [(0, "004.png"), (1, "000.png"), (2, "002.png")])
def test_one_number_that_is_not_finite_names_its_image(
    source: Source, reader: ModelSpec, classifier: ModelSpec, value: float, position: int, name: str
) -> None:
    for spec, shape in ((reader, (3, 5, reader.num_outputs)), (classifier, (3, classifier.num_outputs))):
        logits = np.zeros(shape, np.float32)
        check_logits(logits, BATCH, source, spec)
        logits[position].reshape(-1)[1] = value
        with pytest.raises(GateError, match=name):
            check_logits(logits, BATCH, source, spec)


def test_another_number_of_outputs_than_the_spec_names_is_refused(source: Source, reader: ModelSpec) -> None:
    for difference in (-1, 1):
        logits = np.zeros((3, reader.num_outputs, reader.num_outputs + difference), np.float32)
        with pytest.raises(InputError, match=f"its spec names {reader.num_outputs}"):
            check_logits(logits, BATCH, source, reader)


def test_the_pieces_of_a_wide_line_have_the_margin_of_the_model(tmp_path: Path, reader: ModelSpec) -> None:
    """Black margins beside lines that are read upright: each input begins and ends with them."""
    seen = Preprocessing(height=8, max_width=64, margin=4, padding="black")
    spec = reader.model_copy(update={"preprocessing": seen})
    Image.new("L", (200, 8), 255).save(tmp_path / "line.png")
    inputs: list[np.ndarray] = []

    class Recording:
        def __init__(self) -> None:
            self.spec = spec

        def run(self, images: np.ndarray) -> np.ndarray:
            inputs.append(images)
            return np.zeros((1, images.shape[3] // 4, spec.num_outputs), np.float32)

    source = open_source(tmp_path)
    list(read(cast(Session, Recording()), source, ReadOptions(), [], NoteTaker()))
    assert len(inputs) > 2
    for images in inputs:
        assert np.all(images[..., :4] == -1)
        assert np.all(images[..., -4:] == -1)
        assert np.all(images[..., 4:-8] == 1)
