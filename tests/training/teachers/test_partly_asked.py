from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Outputs
from crnn_deploy.training.losses.frames import FrameKl
from crnn_deploy.training.losses.pseudo_labels import PseudoLabels
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.batching import teacher_batch
from crnn_deploy.training.teachers.likeliest import likeliest
from crnn_deploy.training.teachers.partly_asked import PartlyAsked, items_to_ask

from ..tiny import ALPHABET, draw_lines

SPEC = ModelSpec(name="student", charset=ALPHABET, preprocessing=Preprocessing(height=32))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return open_source(draw_lines(tmp_path_factory.mktemp("asked") / "lines", 60, seed=1))


def test_the_share_depends_on_the_images_alone(source: Source, tmp_path: Path) -> None:
    few, more = (set(items_to_ask(source, share, SILENT)) for share in (0.2, 0.6))
    assert few < more
    assert 3 <= len(few) <= 24 <= len(more) <= 48
    again = open_source(draw_lines(tmp_path / "again", 60, seed=1))
    assert set(items_to_ask(again, 0.2, SILENT)) == few


def test_a_share_without_images_is_refused(source: Source) -> None:
    with pytest.raises(InputError, match="falls into the share"):
        items_to_ask(source, 1e-9, SILENT)


def answer(seed: int) -> Answer:
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.ones(5), 6).astype(np.float32))
    return Answer(likeliest(log_probs), np.ones(6, bool), np.array([1, 2]), confidence=0.9)


def test_lines_that_were_not_asked_for_teach_nothing() -> None:
    answers = PartlyAsked({0: answer(1), 1: answer(2)}, [4, 7], blank=0)  # type: ignore[arg-type]
    assert answers[7].confidence == 0.9
    logits = torch.randn(3, 6, 5, requires_grad=True)
    taught = teacher_batch([answers[item] for item in (4, 5, 7)], [6] * 3, [6] * 3, SPEC)
    batch = TrainingBatch(torch.zeros(3, 1, 32, 24), torch.full((3,), 6), None, None, (taught,))
    for loss in (FrameKl(0, 1.0, "symmetric", 0.1), PseudoLabels(0, 0.5)):
        (gradient,) = torch.autograd.grad(loss(Outputs(logits, logits), batch), logits)
        assert gradient[1].abs().max() == 0
        assert gradient[0].abs().max() > 0
        assert gradient[2].abs().max() > 0
