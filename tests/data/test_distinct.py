"""The different contents of a source come once and in order."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from crnn_deploy.data import distinct
from crnn_deploy.data.distinct import distinct_contents
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset

from .conftest import labelled, write_tar


def parts(source: Source) -> list[list[tuple[bytes, int]]]:
    return [list(zip(contents, indices.tolist(), strict=True)) for indices, contents in distinct_contents(source)]


def test_the_first_image_of_each_content_in_the_order_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = open_source(write_tar(tmp_path / "lines.tar", labelled(list("abcdefghijkl"))))
    twice = Subset(lines, [*range(12), *range(11, 3, -1)])
    expected = sorted((lines.content_hash(index), index) for index in range(12))
    assert parts(twice) == [expected]
    monkeypatch.setattr(distinct, "_PART", 6)
    found = parts(twice)
    assert [len(part) < 12 for part in found] == [True] * 4
    assert list(chain.from_iterable(found)) == expected
