"""Shared images are found by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.overlap import check_disjoint, fingerprint, shared_images
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset, sample
from crnn_deploy.errors import InputError

from .conftest import labelled, picture, png, write_folder, write_tar


def test_the_same_bytes_under_other_names(tmp_path: Path) -> None:
    first = open_source(write_tar(tmp_path / "a.tar", labelled(["a", "b", "c"])))
    copied = open_source(write_folder(tmp_path / "b", {"new.png": png(picture(9)), "other.png": png(picture(1))}))
    with pytest.raises(InputError, match=r"training and evaluation sets share 1 images, such as other\.png"):
        check_disjoint({"training": first, "evaluation": copied})
    check_disjoint({"training": first, "evaluation": Subset(copied, [0])})


def test_files_that_cannot_be_read_are_not_shared() -> None:
    facts = Facts.empty(3)
    facts.content[1:] = [[1, 2], [3, 4]]
    assert shared_images(facts, facts[np.array([0, 2])]).tolist() == [False, False, True]


def test_fingerprints_see_images_labels_and_order(tmp_path: Path) -> None:
    first = open_source(write_tar(tmp_path / "a.tar", labelled(["a", "b"])))
    same = open_source(write_folder(tmp_path / "a", labelled(["a", "b"])))
    other = open_source(write_folder(tmp_path / "b", labelled(["a", "c"])))
    assert fingerprint(first) == fingerprint(same)
    assert len({fingerprint(first), fingerprint(other), fingerprint(Subset(first, [1, 0]))}) == 3


def test_samples_are_seeded_and_ordered(tmp_path: Path) -> None:
    source = open_source(write_tar(tmp_path / "a.tar", labelled([str(i) for i in range(30)])))
    texts = [
        [s.text(i) for i in range(len(s))] for s in (sample(source, 8, 1), sample(source, 8, 1), sample(source, 8, 2))
    ]
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) == 8
    assert texts[0] == sorted(texts[0], key=int)
    assert sample(source, 99, 1) is source
