"""Spec files say what a model doesn't say itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.checkpoints.spec_file import make_spec, read_fields
from crnn_deploy.errors import InputError


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_dictionary_holds_one_character_a_line(tmp_path: Path, ending: str) -> None:
    write(tmp_path / "chars.txt", "a\r\n \r\n京" + ending)
    spec = make_spec("m", {}, write(tmp_path / "s.yaml", "charset_file: chars.txt\npreprocessing: {height: 32}\n"))
    assert spec.charset == ("a", " ", "京")


@pytest.mark.parametrize(
    ("dictionary", "message"), [("a\nbc\n", "line 2: expected one character"), ("a\n\nb\n", "line 2"), ("", "line 1")]
)
def test_a_dictionary_of_something_else_is_refused(tmp_path: Path, dictionary: str, message: str) -> None:
    write(tmp_path / "chars.txt", dictionary)
    with pytest.raises(InputError, match=message):
        read_fields(write(tmp_path / "s.yaml", "charset_file: chars.txt\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("charset_file: none.txt", "cannot be read"),
        ("charset_file: none.txt\ncharset: ab", "has both"),
        ("- a list", "is not a spec"),
        ("", "is not a spec"),
        ("a: [", "not valid YAML"),
    ],
)
def test_unusable_spec_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_fields(write(tmp_path / "s.yaml", text))


def test_a_misspelt_key_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        make_spec("m", {"charset": "ab"}, write(tmp_path / "s.yaml", "preprocessing: {hight: 32}\n"))
    assert "did you mean 'height'" in raised.value.cause


def test_a_fixed_width_replaces_the_detected_padding(tmp_path: Path) -> None:
    detected = {"charset": "ab", "preprocessing": {"height": 32, "pad_to": 320}}
    spec = make_spec("m", detected, write(tmp_path / "s.yaml", "preprocessing: {width: 160}\n"))
    assert (spec.preprocessing.width, spec.preprocessing.pad_to) == (160, 1)


def test_a_fixed_width_and_padding_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leaves nothing to pad_to"):
        make_spec(
            "m", {}, write(tmp_path / "s.yaml", "charset: ab\npreprocessing: {height: 32, width: 160, pad_to: 80}\n")
        )
