"""Mixed pictures are what their mixture says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from crnn_deploy.training.augmentation.mixing import Mixer, Mixture

# Picture i is i everywhere, so that the mean of a mixed one tells what it is made of.
PICTURES = torch.arange(8.0)[:, None, None, None] * torch.ones(1, 3, 12, 10)
SHAPE = (8, 12, 10, 3)


def drawn(mixup: float, cutmix: float, seed: int) -> tuple[Tensor, Mixture]:
    """The mixed pictures, and how they are mixed."""
    mixture = Mixer(mixup, cutmix)(SHAPE, np.random.default_rng(seed))
    assert mixture is not None
    return mixture.of(PICTURES), mixture


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)])
def test_the_shares_are_those_of_the_pixels(mixup: float, cutmix: float) -> None:
    shares = []
    for seed in range(30):
        pictures, mixture = drawn(mixup, cutmix, seed)
        assert pictures.dtype == torch.float32
        assert sorted(mixture.partner) == list(range(8))
        expected = mixture.share * torch.arange(8) + (1 - mixture.share) * mixture.partner
        torch.testing.assert_close(pictures.mean((1, 2, 3)), expected, atol=1e-4, rtol=0)
        shares.append(mixture.share[0].item())
    assert min(shares) < 0.3
    assert max(shares) > 0.7


def test_mixup_blends_and_cutmix_pastes() -> None:
    blended = [drawn(1.0, 0.0, seed)[0] for seed in range(10)]
    assert all(torch.allclose(pictures, pictures[:, :, :1, :1]) for pictures in blended)
    assert all(_whole(drawn(0.0, 1.0, seed)[0]) for seed in range(10))
    assert 5 < sum(_whole(drawn(1.0, 1.0, seed)[0]) for seed in range(30)) < 25


def _whole(pictures: Tensor) -> bool:
    """Whether each pixel is that of one picture."""
    return set(pictures.unique().tolist()) <= set(range(8))


def test_stills_of_a_clip_are_mixed_alike() -> None:
    clips = PICTURES[:, None].expand(8, 5, 3, 12, 10)
    for seed in range(5):
        pictures, mixture = drawn(0.4, 1.0, seed)
        assert torch.equal(mixture.of(clips), pictures[:, None].expand_as(clips))


def test_vectors_are_mixed_in_the_shares_of_their_pictures() -> None:
    vectors = torch.arange(8.0)[:, None]  # each says which picture it belongs to
    for seed in range(5):
        pictures, mixture = drawn(0.4, 1.0, seed)
        torch.testing.assert_close(mixture.of(vectors)[:, 0], pictures.mean((1, 2, 3)), atol=1e-4, rtol=0)


def test_nothing_is_mixed_without_an_alpha_or_a_partner() -> None:
    assert Mixer(0.0, 0.0)(SHAPE, np.random.default_rng(0)) is None
    assert Mixer(1.0, 1.0)((1, 12, 10, 3), np.random.default_rng(0)) is None
