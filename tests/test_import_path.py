"""The current folder is not on the import path of this process, whatever put it there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crnn_deploy.import_path import import_path

NAMES = ("typer", "numpy", "onnx", "json", "rich", "torch", "pydantic", "yaml", "PIL", "typing")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with modules that leave a trace where they are imported."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'RAN')!r}, 'a').write({name!r})\nraise ImportError")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return tmp_path


@pytest.mark.parametrize("path", [None, ".", f"..{os.pathsep}"])
def test_python_m_imports_nothing_of_the_current_folder(
    hostile: Path, path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path is not None:
        for name in ("json", "typing"):  # which Python itself needs before any code of ours
            (hostile / f"{name}.py").unlink()
        monkeypatch.setenv("PYTHONPATH", path)
    command = [sys.executable, "-m", "crnn_deploy", "inspect", "missing.onnx"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 2, done.stderr
    assert "missing.onnx does not exist" in done.stderr
    assert not (hostile / "RAN").exists()


def test_folders_that_are_named_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/elsewhere"])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert import_path() == ["/elsewhere"]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert import_path() == [str(tmp_path), "/elsewhere"]


def test_installed_packages_stay_when_one_works_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.chdir(packages)
    monkeypatch.setattr(sys, "path", ["", str(packages)])
    assert import_path() == [str(packages)]


def test_a_folder_that_was_deleted_stops_nothing(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); from crnn_deploy.__main__ import main; main()"
    told = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=False)
    assert "Traceback" not in told.stderr
    assert told.returncode == 0
