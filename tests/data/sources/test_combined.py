"""Several sources behave as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data.conftest import labelled, write_folder

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError


def lines(folder: Path, count: int, seed: int, labelled: bool = True) -> Source:
    path = render_lines(RenderOptions(count=count, seed=seed, labelled=labelled), folder / f"{seed}.tar")
    return open_source(path)


def test_every_item_is_that_of_its_own_source(tmp_path: Path) -> None:
    parts = [lines(tmp_path, count, seed) for seed, count in enumerate((3, 1, 4))]
    together = Combined(parts)
    assert len(together) == 8
    expected = [(part, i) for part in parts for i in range(len(part))]
    for index, (part, inner) in enumerate(expected):
        assert together.text(index) == part.text(inner)
        assert together.content_hash(index) == part.content_hash(inner)
        assert np.array_equal(np.asarray(together.image(index)), np.asarray(part.image(inner)))
        assert together.item_name(index) == part.item_name(inner)
    assert together.kind == "text"
    assert all(part.name in together.name for part in parts)


def test_where_one_has_no_labels_all_are_without(tmp_path: Path) -> None:
    together = Combined([lines(tmp_path, 2, 1), lines(tmp_path, 2, 2, labelled=False)])
    assert together.kind == "unlabelled"
    assert [together.text(i) for i in range(4)] == [""] * 4


def test_labels_of_different_kinds_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "classes.npz", x=np.zeros((4, 8, 8), np.uint8), y=np.arange(4) % 2)
    with pytest.raises(InputError, match="cannot be combined with") as refused:
        Combined([lines(tmp_path, 2, 1), open_source(tmp_path / "classes.npz")])
    assert "the classes 0, 1, and the other source has lines of text" in refused.value.cause


def test_columns_are_those_of_the_single_images(tmp_path: Path) -> None:
    """In any order, through parts of parts, measured before or not."""
    paths = [write_folder(tmp_path / name, labelled([f"{name}{i}" for i in range(6)])) for name in ("a", "b")]
    both = Combined([open_source(path) for path in paths])
    part = Subset(both, [11, 3, 0, 7, 6])
    order = np.array([4, 0, 3, 1, 2])
    expected = [part.content_hash(index) for index in order.tolist()]
    for _ in range(2):
        assert list(part.facts(indices=order).contents()) == expected
        assert list(part.facts().contents()) == [part.content_hash(index) for index in range(5)]
        assert part.texts(order) == [part.text(index) for index in order.tolist()]
        both.facts()
    few = Subset(open_source(paths[0]), [2, 1])
    assert list(few.facts(indices=np.array([1, 0])).contents()) == [few.content_hash(1), few.content_hash(0)]
