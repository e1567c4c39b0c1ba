"""A text beside each image."""

from __future__ import annotations

from pathlib import Path

import pytest
from data.conftest import picture, png, write_folder

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

IMAGE = png(picture(0))
PAIR = {"0.png": IMAGE, "0.gt.txt": b"zero\n"}


def test_binarised_images_share_the_name_before_their_first_dot(tmp_path: Path) -> None:
    files = {**PAIR, "1.bin.png": IMAGE, "1.gt.txt": b"one", "2.nrm.png": IMAGE, "2.nrm.gt.txt": b"two"}
    source = open_source(write_folder(tmp_path, files))
    assert [source.text(i) for i in range(3)] == ["zero", "one", "two"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"1.png": IMAGE}, r"1 files .* have no partner; the first is 1\.png"),
        ({"1.gt.txt": b"one"}, r"1 files .* have no partner; the first is 1\.gt\.txt"),
        ({"1.png": IMAGE, "1.gt.txt": b"one\ntwo\n"}, r"1\.gt\.txt has 2 lines"),
        ({"1.png": IMAGE, "1.gt.txt": b"\xff"}, r"1\.gt\.txt is not UTF-8"),
        ({"1.png": IMAGE, "1.gt.txt": b"x" * 70_000}, r"1\.gt\.txt has more than 65,536 bytes"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(write_folder(tmp_path, {**PAIR, **files}))
