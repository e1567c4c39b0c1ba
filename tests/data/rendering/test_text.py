from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.data.rendering.options import PRINTABLE
from crnn_deploy.data.rendering.text import TextGenerator


@given(
    charset=st.text("aBcdeZ019 .$@жé", min_size=1, max_size=8).filter(str.strip),
    shortest=st.integers(1, 12),
    more=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
@settings(max_examples=150, deadline=None)
def test_lines_keep_to_charset_length_and_single_spaces(charset: str, shortest: int, more: int, seed: int) -> None:
    text = TextGenerator(charset, shortest, shortest + more)(np.random.default_rng(seed))
    assert set(text) <= set(charset)
    assert shortest <= len(text) <= shortest + more
    assert text == " ".join(text.split())


def test_every_character_occurs() -> None:
    generate = TextGenerator(PRINTABLE, 2, 40)
    texts = [generate(np.random.default_rng((0, index))) for index in range(2000)]
    assert set("".join(texts)) == set(PRINTABLE)


def test_lines_vary() -> None:
    generate = TextGenerator(PRINTABLE, 5, 40)
    texts = {generate(np.random.default_rng((0, index))) for index in range(500)}
    assert len(texts) > 480
    assert max(map(len, texts)) - min(map(len, texts)) > 25


@pytest.mark.parametrize(
    ("charset", "expected"), [("abcdefghijklmnopqrstuvwxyz ", str.islower), ("0123456789", str.isdigit)]
)
def test_restricted_charsets(charset: str, expected: object) -> None:
    generate = TextGenerator(charset, 4, 20)
    assert all(expected(generate(np.random.default_rng(seed))) for seed in range(50))  # type: ignore[operator]
