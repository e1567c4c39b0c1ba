"""A folder is replaced as a whole, or stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.folders import bytes_in, replacing_folder


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "a" / "b") as folder:
        (folder / "file").write_text("new")
        assert not (tmp_path / "a" / "b").exists()
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_the_old_folder_makes_place(tmp_path: Path) -> None:
    old = tmp_path / "folder"
    old.mkdir()
    (old / "old").write_text("old")
    with replacing_folder(old) as folder:
        (folder / "new").write_text("new")
        assert (old / "old").exists()
    assert [path.name for path in old.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def fail_within(old: Path, failure: BaseException | type[BaseException]) -> None:
    with replacing_folder(old) as folder:
        (folder / "new").write_text("new")
        raise failure


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device"), RuntimeError])
def test_a_failure_leaves_the_old_folder(failure: BaseException | type[BaseException], tmp_path: Path) -> None:
    old = tmp_path / "folder"
    old.mkdir()
    (old / "old").write_text("old")
    with pytest.raises((KeyboardInterrupt, InputError, RuntimeError)):
        fail_within(old, failure)
    assert [path.name for path in old.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_old_folder_comes_back_if_the_new_one_cannot_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "folder"
    old.mkdir()
    (old / "old").write_text("old")
    replace, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InputError, match="Input/output error"), replacing_folder(old):
        pass
    assert [path.name for path in old.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_link_is_replaced_and_its_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with replacing_folder(tmp_path / "link") as folder:
        (folder / "new").write_text("new")
    assert not (tmp_path / "link").is_symlink()
    assert list((tmp_path / "real").iterdir()) == []


def test_the_bytes_of_a_folder_are_those_of_its_own_files(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a").write_bytes(bytes(3))
    (folder / "below" / "b").write_bytes(bytes(40))
    assert bytes_in(folder) == 43
    assert bytes_in(folder / "a") == 3
    assert bytes_in(folder / "absent") == 0
    (tmp_path / "large").write_bytes(bytes(5000))
    (folder / "link").symlink_to(tmp_path)
    assert bytes_in(folder) < 1000
