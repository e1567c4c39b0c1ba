"""Temporary folders are private, and gone at the end, also after a kill."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from crnn_deploy import scratch
from crnn_deploy.errors import InputError
from crnn_deploy.files import write_text
from crnn_deploy.scratch import scratch_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and locks of POSIX")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_only_the_user_may_look_into_it_and_it_goes(place: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").write_text("x")
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed_but_not_what_another_one_uses(place: Path) -> None:
    code = (
        "from crnn_deploy.scratch import scratch_folder\nwith scratch_folder() as f:\n print(f, flush=True)\n input()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], text=True, env={"TMPDIR": str(place)}, **pipes) as other:
        left = Path(other.stdout.readline().strip())
        with scratch_folder():
            assert left.is_dir()
        other.send_signal(signal.SIGKILL)
    assert left.is_dir()
    with scratch_folder():
        assert not left.exists()


def test_a_link_of_that_name_is_not_followed(place: Path) -> None:
    (place / "precious").mkdir()
    (place / "precious" / ".lock").touch()
    (place / "crnn-deploy-link").symlink_to(place / "precious")
    with scratch_folder():
        pass
    assert (place / "precious" / ".lock").exists()


def test_a_place_that_cannot_be_used_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "missing"))
    with pytest.raises(InputError, match="No temporary folder") as caught, scratch_folder():
        pass
    assert "TMPDIR" in caught.value.fix


@pytest.mark.parametrize("unspoken", [False, True])
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, unspoken: bool) -> None:
    failure: Exception = OSError(errno.ENOSPC, "No space left on device")
    if unspoken:  # as by ONNX Runtime
        failure = RuntimeError("open file failed")
        monkeypatch.setattr(scratch, "_SCARCE", 1 << 60)
    with pytest.raises(InputError, match="No space left for temporary files") as caught, scratch_folder():
        raise failure
    assert "TMPDIR" in caught.value.fix


def test_an_artifact_in_it_that_finds_no_space_is_told_as_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="temporary files"), scratch_folder() as folder:
        write_text(folder / "candidate.onnx", "x")


@pytest.mark.parametrize("failure", [ValueError("wrong"), InputError("wrong"), FileNotFoundError(2, "gone", "x")])
def test_other_errors_pass(failure: Exception) -> None:
    with pytest.raises(type(failure)), scratch_folder():
        raise failure
