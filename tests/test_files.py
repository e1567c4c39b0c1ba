"""Files appear whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path, PureWindowsPath

import pytest

from crnn_deploy import files
from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, check_output, locate, remove_leftovers, replacing, sha256_of, write_text


def test_a_file_replaces_an_older_one_only_when_forced(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text(target, "one")
    with pytest.raises(InputError, match="already exists") as caught:
        write_text(target, "two", force=False)
    assert "--force" in caught.value.fix
    assert target.read_text() == "one"
    write_text(target, "two")
    assert target.read_text() == "two"


def write_half(path: Path, failure: BaseException) -> None:
    with replacing(path, force=True) as temporary:
        temporary.write_text("half")
        raise failure


@pytest.mark.parametrize("failure", [RuntimeError("bug"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_behind(tmp_path: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        write_half(tmp_path / "file", failure)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(InputError, match="No space left"):
        write_half(target, OSError(errno.ENOSPC, "No space left on device"))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        write_text(tmp_path, "x")


def test_an_output_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "file" / "below", "x")


def test_known_digest(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    with replacing(tmp_path / "file.tar") as temporary:
        (tmp_path / temporary.name.replace("file", "other")).write_text("half")
        temporary.write_text("whole")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "file.tar"]


def test_an_output_is_not_its_own_input(tmp_path: Path) -> None:
    source = tmp_path / "model.onnx"
    source.write_bytes(b"kept")
    with pytest.raises(InputError, match="would be lost"):
        check_output(tmp_path / "." / "model.onnx", True, ".onnx", source)
    check_output(tmp_path / "other.onnx", True, ".onnx", source)


def test_a_folder_without_permission_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(InputError, match="Permission denied"):
        check_output(tmp_path / "new" / "model.onnx", False, ".onnx", tmp_path / "source.onnx")


def test_the_cache_lies_where_the_user_or_the_system_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "system"))
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("CRNN_DEPLOY_CACHE")
    assert cache_folder() == tmp_path / "system" / "crnn-deploy"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / "home" / ".cache" / "crnn-deploy"


def test_a_file_in_a_package_is_found() -> None:
    assert locate("package:crnn_deploy/files.py").samefile(files.__file__)
    assert locate(Path("package:crnn_deploy/files.py")).samefile(files.__file__)
    assert locate(PureWindowsPath("package:crnn_deploy/files.py")).samefile(files.__file__)  # type: ignore[arg-type]
    assert locate("some/file.onnx") == Path("some/file.onnx")


def test_a_package_that_is_not_installed_is_told() -> None:
    with pytest.raises(InputError, match=r"'no_such_package', which holds a/b\.onnx, is not installed"):
        locate("package:no_such_package/a/b.onnx")
    with pytest.raises(InputError, match="is not installed"):
        locate("package:/b.onnx")
