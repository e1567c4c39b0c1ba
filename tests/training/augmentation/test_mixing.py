"""Mixed pictures are what their mixture says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crnn_deploy.training.augmentation.mixing import Mixer, mixed

# Picture i is i everywhere, so that the mean of a mixed one tells what it is made of.
IMAGES = np.arange(8, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 12, 10), np.float32)


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)])
def test_the_shares_are_those_of_the_pixels(mixup: float, cutmix: float) -> None:
    shares = []
    for seed in range(30):
        images, mixture = Mixer(mixup, cutmix)(IMAGES, np.random.default_rng(seed))
        assert mixture is not None
        share, partner = mixture.share.numpy(), mixture.partner.numpy()
        assert images.dtype == np.float32
        assert sorted(partner) == list(range(8))
        expected = share * np.arange(8) + (1 - share) * partner
        assert np.allclose(images.mean((1, 2, 3)), expected, atol=1e-4)
        shares.append(share[0])
    assert min(shares) < 0.3
    assert max(shares) > 0.7


def test_mixup_blends_and_cutmix_pastes() -> None:
    blended = [Mixer(1.0, 0.0)(IMAGES, np.random.default_rng(seed))[0] for seed in range(10)]
    assert all(np.allclose(images, images[:, :, :1, :1]) for images in blended)
    pasted = [Mixer(0.0, 1.0)(IMAGES, np.random.default_rng(seed))[0] for seed in range(10)]
    assert all(set(np.unique(images)) <= set(range(8)) for images in pasted)
    both = [Mixer(1.0, 1.0)(IMAGES, np.random.default_rng(seed))[0] for seed in range(30)]
    whole = sum(set(np.unique(images)) <= set(range(8)) for images in both)
    assert 5 < whole < 25


def test_vectors_are_mixed_in_the_shares_of_their_pictures() -> None:
    images, mixture = Mixer(0.4, 1.0)(IMAGES, np.random.default_rng(0))
    vectors = torch.arange(8.0)[:, None]  # each says which picture it belongs to
    assert np.allclose(mixed(vectors, mixture)[:, 0], images.mean((1, 2, 3)), atol=1e-4)
    assert mixed(vectors, None) is vectors


def test_nothing_is_mixed_without_an_alpha_or_a_partner() -> None:
    assert Mixer(0.0, 0.0)(IMAGES, np.random.default_rng(0)) == (IMAGES, None)
    assert Mixer(1.0, 1.0)(IMAGES[:1], np.random.default_rng(0))[1] is None
