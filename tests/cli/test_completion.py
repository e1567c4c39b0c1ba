"""What the shell offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.cli.completion import complete_files, complete_words


def test_words() -> None:
    assert complete_words(("mobilenet-v1-gru", "mobilenet-v4-gru", "crnn-bigru"), "mobilenet-v4") == [
        "mobilenet-v4-gru"
    ]


def test_files_with_the_right_suffix_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("student.onnx", "student.txt", "other.onnx", ".hidden.onnx", "runs/s.onnx"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert complete_files((".onnx",), "") == ["other.onnx", "runs/", "student.onnx"]
    assert complete_files((".onnx",), "st") == ["student.onnx"]
    assert complete_files((".onnx",), "runs/") == ["runs/s.onnx"]
    assert complete_files((), "st") == ["student.onnx", "student.txt"]
    assert complete_files((), "nowhere/x") == []
