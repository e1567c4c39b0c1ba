"""The average of networks that began alike."""

from __future__ import annotations

import torch

from crnn_deploy.training.soup import averaged


def test_weights_are_averaged_and_counters_are_not() -> None:
    members = [
        {"w": torch.tensor([1.0, 4.0]), "seen": torch.tensor(7)},
        {"w": torch.tensor([3.0, 0.0]), "seen": torch.tensor(9)},
    ]
    mean = averaged(members)
    assert mean["w"].tolist() == [2.0, 2.0]
    assert mean["seen"].item() == 7
