"""Columns of facts: chosen, joined, put, and what is computed from them."""

from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.data.index.facts import Fact, Facts


def facts(*contents: bytes) -> Facts:
    made = Facts.empty(len(contents))
    for index, content in enumerate(contents):
        made.set(index, Fact(10 * index, 7 + index % 2, content, index == 1, False))
    return made


A, B, C = (bytes([letter]) * 16 for letter in b"abc")


def test_contents_come_back() -> None:
    assert list(facts(A, B, A).contents()) == [A, B, A]


def test_a_part_of_the_contents() -> None:
    contents = facts(C, A, B).contents()
    assert list(contents[1:3]) == [A, B]
    assert len(contents) == 3


def test_images_are_chosen_joined_and_put() -> None:
    both = Facts.joined([facts(A, B), facts(C)])
    assert list(both[np.array([2, 1])].contents()) == [C, B]
    both.put(np.array([0, 2]), facts(C, A))
    assert list(both.contents()) == [C, B, A]
    assert both.broken.tolist() == [False, True, True]


def test_groups_count_up_where_a_content_is_new() -> None:
    assert facts(C, A, C, B, A).groups().tolist() == [0, 1, 0, 2, 1]


def test_groups_of_many_images_are_those_of_a_plain_count() -> None:
    many, drawn = Facts.empty(200_000), np.random.default_rng(0).integers(150_000, size=200_000)
    many.content[:, 0] = drawn.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    seen: dict[int, int] = {}
    assert many.groups().tolist() == [seen.setdefault(number, len(seen)) for number in drawn.tolist()]


@pytest.mark.parametrize("span", [1, 1 << 20])
def test_a_function_of_the_size_is_called_once_for_each_size(monkeypatch: pytest.MonkeyPatch, span: int) -> None:
    monkeypatch.setattr("crnn_deploy.data.index.facts._SPAN", span)
    called = []

    def function(width: int, height: int) -> int:
        called.append((width, height))
        return width + height

    twice = Facts.joined([facts(A, B, C), facts(A, B, C)])
    assert twice.by_size(function).tolist() == [7, 18, 27] * 2
    assert sorted(called) == [(0, 7), (10, 8), (20, 7)]
