"""Balanced weights let all classes count the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.training.losses.class_weights import class_counts, class_weights


def test_balanced_weights_are_inverse_to_the_counts() -> None:
    weights = class_weights("balanced", [10, 30, 0])
    assert weights is not None
    assert weights.tolist() == pytest.approx([40 / 30, 40 / 90, 1.0])
    listed = class_weights((1.0, 2.0), [10, 30])
    assert listed is not None
    assert listed.tolist() == [1.0, 2.0]
    assert class_weights(None, [10, 30]) is None


def test_the_images_of_each_class_are_counted(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("cat\ndog\nbird\n")
    np.savez(tmp_path / "data.npz", x=np.zeros((5, 4, 4), np.uint8), y=np.array([0, 1, 1, 0, 1]))
    assert class_counts(open_source(tmp_path / "data.npz")) == [2, 3, 0]
