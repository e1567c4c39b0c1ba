"""Local attention sees its window and nothing else."""

from __future__ import annotations

import torch

from crnn_deploy.models.local_attention import LocalAttention


def test_a_step_sees_its_neighbours_alone() -> None:
    attention = LocalAttention(6, 4, 2)
    x = torch.randn(1, 9, 6)
    changed = x.clone()
    changed[:, 4] += 1
    moved = (attention(changed) - attention(x)).abs().sum(-1)[0] > 1e-6
    assert moved.tolist() == [False] * 2 + [True] * 5 + [False] * 2


def test_what_lies_beyond_the_ends_has_no_weight() -> None:
    attention = LocalAttention(6, 4, 3)
    x = torch.randn(2, 1, 6)
    torch.testing.assert_close(attention(x), attention.value(x))


def test_it_is_attention_with_a_band_of_scores() -> None:
    attention = LocalAttention(6, 4, 1)
    x = torch.randn(2, 7, 6)
    scores = attention.query(x) @ attention.key(x).transpose(1, 2) / 2
    steps = torch.arange(7)
    far = (steps[:, None] - steps).abs() > 1
    expected = scores.masked_fill(far, -torch.inf).softmax(-1) @ attention.value(x)
    torch.testing.assert_close(attention(x), expected)
