"""What was put between two commits is in a journal, whose records are taken up to the first damaged one."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from crnn_deploy.training.teachers.journal import Journal, left_records


def test_a_record_that_is_damaged_ends_what_is_taken(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append({b"first": b"1", b"second": b"2"})
    journal.append({b"third": b"3"})
    journal._file.close()
    (path,) = tmp_path.glob("*.journal")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert list(left_records(tmp_path)) == [{b"first": b"1", b"second": b"2"}]
    assert list(left_records(tmp_path)) == []


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append({b"first": b"1"})

    class Full:
        def __init__(self, file: BinaryIO) -> None:
            self.file = file
            self.written = 0

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, data: bytes) -> int:
            self.written += 1
            if self.written > 1:
                raise OSError(28, "No space left on device")
            return self.file.write(data[:5])

    monkeypatch.setattr(journal, "_file", Full(journal._file))
    with pytest.raises(OSError, match="No space"):
        journal.append({b"second": b"2"})
    journal._file.close()
    assert list(left_records(tmp_path)) == [{b"first": b"1"}]
