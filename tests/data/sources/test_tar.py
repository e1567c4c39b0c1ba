"""Archives whose headers lie."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from data.conftest import labelled, picture, png, write_tar

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.tar import Tar
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Silent

END = bytes(1024)


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member.tobuf(tarfile.GNU_FORMAT)


def with_size(size: bytes) -> bytes:
    """A header with these 12 bytes as its size."""
    data = bytearray(header("0.png", 0))
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


def extended(key: str, value: str) -> bytes:
    """An extended header of POSIX.1-2001 before a small file."""
    row = f"{key}={value}\n"
    row = f"{len(row) + 6:05} {row}"
    body = row.encode().ljust(-(-len(row) // 512) * 512, b"\0")
    return header("x", len(row), tarfile.XHDTYPE) + body + header("0.png", 0)


LONG_NAME = header("././@LongLink", 1, tarfile.GNUTYPE_LONGNAME) + b"a".ljust(512, b"\0")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_size(b"\xff" * 12), "beyond the end|negative"),
        (with_size(b"\xff" * 10 + b"\xf0\0"), "beyond the end|negative"),
        (with_size(b"\x80" + b"\x7f" * 11), "beyond the end"),
        (with_size(b"00000070000\0"), "beyond the end"),
        (extended("comment", "9" * 60_000), "more than 255 digits"),
        (extended("size", "-2048"), "beyond the end|negative"),
        (extended("size", "9" * 250), "truncated|beyond the end"),
        (header("././@LongLink", 1 << 32, tarfile.GNUTYPE_LONGNAME), "a header has 4,294,967,296 bytes"),
        (header("x", 1 << 32, tarfile.XHDTYPE), "a header has 4,294,967,296 bytes"),
        (LONG_NAME * 5000, "cannot be read as a tar"),
        (header("0.png", 0, tarfile.GNUTYPE_SPARSE), r"0\.png is stored as a sparse file"),
    ],
)
def test_a_header_that_lies(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "set.tar"
    path.write_bytes(data + END)
    with pytest.raises(InputError, match=message):
        open_source(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_are_not_followed_which_is_said(tmp_path: Path, kind: bytes) -> None:
    image = png(picture(0))
    body = image.ljust(-(-len(image) // 512) * 512, b"\0")
    path = tmp_path / "set.tar"
    path.write_bytes(header("0.png", len(image)) + body + header("1.png", 0, kind, "/etc/hostname") + END)
    told: list[str] = []
    progress = Silent()
    progress.log = told.append  # type: ignore[method-assign]
    assert len(open_source(path, progress)) == 1
    assert "1 links" in told[0]


def test_of_two_files_with_one_name_the_last_counts(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar", labelled(["old"]))
    with tarfile.open(path, "a") as archive:
        (tmp_path / "new").write_bytes(b"images/0.png\tnew\n")
        archive.add(tmp_path / "new", "labels.tsv")
    assert open_source(path).text(0) == "new"


def test_an_archive_that_is_cut_off_later_gives_broken_images(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar", labelled(["a", "b"]))
    source = open_source(path)
    os.truncate(path, 2000)
    with pytest.raises(InputError, match="cut off after it was opened"):
        source.image(1)


def test_the_beginning_of_a_file_can_be_read(tmp_path: Path) -> None:
    archive = Tar(write_tar(tmp_path / "set.tar", {"a": b"123456"}))
    assert archive.read("a", 3) == b"123"
    assert archive.title("a").endswith("set.tar:a")


def test_names_that_begin_with_a_slash_are_relative_as_where_it_is_unpacked(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"/a.png": png(picture(3)), "/labels.tsv": b"a.png\tx\n"})
    assert open_source(path).text(0) == "x"


def test_a_link_takes_the_place_of_an_earlier_file(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"a.png": png(picture(3)), "b.png": png(picture(4))})
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("b.png")
        link.type, link.linkname = tarfile.SYMTYPE, "a.png"
        archive.addfile(link)
    assert Tar(path).names() == ["a.png"]
