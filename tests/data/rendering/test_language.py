from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crnn_deploy.data.rendering.language import LanguageText, frequent_characters, word_frequencies
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import LineRenderer, render_lines
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

WORDS = {"的": 0.5, "中国": 0.3, "2000": 0.1, "test": 0.08, "罕": 0.02}


def lines(text: LanguageText, count: int) -> list[str]:
    return [text(np.random.default_rng((7, index))) for index in range(count)]


@given(
    charset=st.text("的中国罕test019 ，.", min_size=1, max_size=10).filter(lambda c: bool(set(c) & set("的罕"))),
    shortest=st.integers(1, 12),
    more=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
@settings(max_examples=150, deadline=None)
def test_lines_keep_to_charset_length_and_single_spaces(charset: str, shortest: int, more: int, seed: int) -> None:
    text = LanguageText(WORDS, charset, shortest, shortest + more)(np.random.default_rng(seed))
    assert set(text) <= set(charset)
    assert shortest <= len(text) <= shortest + more
    assert text == " ".join(text.split())


def test_rare_characters_are_seen_and_common_words_are_frequent() -> None:
    counts = Counter("".join(lines(LanguageText(WORDS, "的中国罕", 4, 10), 400)))
    assert counts["的"] > counts["罕"] > 100


def test_words_keep_together_and_zeros_are_any_digits() -> None:
    written = " ".join(lines(LanguageText(WORDS, "的中国0123456789", 8, 12), 300))
    assert written.count("中国") > 3 * written.count("国中")
    assert set("0123456789") <= set(written)


def test_words_have_spaces_where_the_script_has() -> None:
    latin = LanguageText({"ab": 0.6, "cd": 0.4}, "abcd ", 8, 12)
    assert sum(" " in line for line in lines(latin, 50)) > 35
    chinese = LanguageText({"的": 0.6, "国": 0.4}, "的国 ", 8, 12)
    assert sum(" " in line for line in lines(chinese, 50)) < 15  # those of random characters


def test_a_charset_without_words_is_refused() -> None:
    with pytest.raises(InputError, match="can't write a word"):
        LanguageText(WORDS, "xyz", 1, 5)


def test_the_default_charset_covers_what_is_written() -> None:
    charset = frequent_characters({"的": 0.999, "ab": 0.0005, "罕": 0.00001})
    assert {"的", "0", ".", "，", " "} <= set(charset)
    assert "罕" not in charset
    assert "，" not in frequent_characters({"ab": 1.0})
    assert "B" in frequent_characters({"ab": 1.0})


def test_languages_of_the_package() -> None:
    pytest.importorskip("wordfreq")
    frequencies = word_frequencies("de")
    assert list(frequencies.values()) == sorted(frequencies.values(), reverse=True)
    assert set("äöü") <= set(frequent_characters(frequencies))
    with pytest.raises(InputError, match="no words of the language klingon") as raised:
        word_frequencies("klingon")
    assert "zh" in raised.value.cause


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(InputError, match="need the package wordfreq") as raised:
        word_frequencies("de")
    assert "crnn-deploy[languages]" in raised.value.fix


def test_lines_of_a_language_are_rendered(tmp_path: Path) -> None:
    pytest.importorskip("wordfreq")
    options = RenderOptions(count=12, language="ru", max_length=12)
    source = open_source(str(render_lines(options, tmp_path / "ru.tar")))
    texts = [source.text(index) for index in range(len(source))]
    assert len(set(texts)) == 12
    assert any("\u0400" <= character <= "\u04ff" for character in "".join(texts))
    assert isinstance(source.image(0), Image.Image)
    assert texts[3] == LineRenderer(options).text(3)


def test_characters_that_the_fonts_lack_are_left_out_unless_they_were_asked_for() -> None:
    pytest.importorskip("wordfreq")
    LineRenderer(RenderOptions(count=1, language="zh"))  # DejaVu has no Chinese, but the digits and letters
    with pytest.raises(InputError, match="None of the fonts"):
        LineRenderer(RenderOptions(count=1, language="zh", charset="中国"))


def test_a_text_and_a_language_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a text, from"):
        RenderOptions(count=1, language="de", text=tmp_path / "words.txt")
