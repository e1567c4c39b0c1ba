"""The student's features, through a projection that is learned, come to those of the teacher."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from crnn_deploy.training.losses.features import FeatureMatching
from crnn_deploy.training.losses.options import Metric

from .batches import lines, outputs, pictures, teacher

LOGITS = torch.zeros(2, 5, 3)


def features(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def of(loss: FeatureMatching, student: Tensor, *taught: Tensor, frames: list[int] | None = None) -> Tensor:
    batch = lines(frames or [5, 5], teachers=[teacher(LOGITS, features=t) for t in taught])
    result: Tensor = loss(outputs(LOGITS, student), batch)
    return result


def matching(metric: Metric, sizes: list[int]) -> FeatureMatching:
    torch.manual_seed(0)
    return FeatureMatching(4, sizes, metric)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_the_projection_is_learned(metric: Metric) -> None:
    student = features(2, 5, 4)
    taught = [student @ features(4, 6, seed=1), student @ features(4, 3, seed=2)]  # two teachers
    loss = matching(metric, [6, 3])
    before = of(loss, student, *taught).item()
    optimizer = torch.optim.Adam(loss.parameters(), 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        of(loss, student, *taught).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert of(loss, student, *taught).item() < 0.01 < 0.2 < before


def test_cosine_leaves_the_length_free_and_l2_compares_normalised_features() -> None:
    student, taught = features(2, 5, 4), features(2, 5, 6, seed=1)
    for metric, same in (("cosine", 7 * taught), ("l2", 7 * taught + 3)):
        loss = matching(metric, [6])  # type: ignore[arg-type]
        assert of(loss, student, same).item() == pytest.approx(of(loss, student, taught).item(), abs=1e-4)
    assert of(matching("cosine", [6]), student, taught + 3).item() != pytest.approx(
        of(matching("cosine", [6]), student, taught).item(), abs=1e-4
    )


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_padding_does_not_count_and_harms_no_gradient(metric: Metric) -> None:
    student, taught = features(2, 5, 4), features(2, 5, 6, seed=1)
    taught[:, 3:] = 0  # as batches pad them
    loss = matching(metric, [6])
    changed = student.clone()
    changed[:, 3:] = 9
    changed.requires_grad_()
    short = of(loss, changed, taught, frames=[3, 3])
    assert short.item() == pytest.approx(of(loss, student[:, :3], taught[:, :3], frames=[3, 3]).item(), abs=1e-6)
    short.backward()  # type: ignore[no-untyped-call]
    assert changed.grad is not None
    assert changed.grad[:, :3].abs().sum() > 0
    assert not changed.grad[:, 3:].any()


def test_classifiers_have_one_row_a_picture() -> None:
    loss = matching("cosine", [6])
    student, taught = features(2, 4), features(2, 6, seed=1)
    batch = pictures(2, teachers=[teacher(torch.zeros(2, 3), features=taught)])
    found = loss(outputs(torch.zeros(2, 3), student), batch)
    distances = 1 - torch.nn.functional.cosine_similarity(loss.projections[0](student), taught)
    assert found.item() == pytest.approx(distances.mean().item())
