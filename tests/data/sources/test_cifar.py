"""The archives of CIFAR's authors, made small."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from told import Told

from crnn_deploy.data.sources import cifar
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32), np.uint8)


def records(first: int, count: int, *labels: int) -> bytes:
    """Images from `first` on; the class of image i is i, behind other labels."""
    return b"".join(bytes([*labels, i]) + PIXELS[i].tobytes() for i in range(first, first + count))


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


CIFAR_100 = {
    "cifar-100-binary/coarse_label_names.txt": b"animal\nfood\n",
    "cifar-100-binary/fine_label_names.txt": b"apple\naquarium_fish\nbaby\nbear\nbed\nbee\n",
    "cifar-100-binary/test.bin": records(4, 2, 1),
    "cifar-100-binary/train.bin": records(0, 4, 1),
}
CIFAR_10 = {
    **{f"cifar-10-batches-bin/data_batch_{n}.bin": records(n - 1, 1) for n in (1, 3, 2, 4, 5)},
    "cifar-10-batches-bin/batches.meta.txt": b"airplane\nautomobile\nbird\ncat\ndeer\ndog\n\n",
    "cifar-10-batches-bin/test_batch.bin": records(5, 1),
}


@pytest.mark.parametrize(("files", "counts"), [(CIFAR_100, (4, 2)), (CIFAR_10, (5, 1))], ids=["100", "10"])
def test_each_part_has_its_images_and_the_fine_classes(
    tmp_path: Path, files: dict[str, bytes], counts: tuple[int, int]
) -> None:
    path = pack(tmp_path / "any-name.tar.gz", files)
    for part, first, count in (("train", 0, counts[0]), ("test", counts[0], counts[1])):
        source = open_source(f"{part}:{path}")
        assert source.kind == "class"
        assert source.class_names[3] in ("bear", "cat")
        assert len(source.class_names) == 6
        assert [source.class_index(i) for i in range(len(source))] == list(range(first, first + count))
        assert np.array_equal(np.asarray(source.image(0)), PIXELS[first].transpose(1, 2, 0))


def test_the_checksum_tells_the_archive_of_the_authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "cifar.tar.gz", CIFAR_100)
    told = Told()
    open_source(f"train:{path}", told)
    assert any("not the archive of CIFAR-100's authors" in line for line in told.lines)
    own = replace(cifar._LAYOUTS[0], md5=hashlib.md5(path.read_bytes()).hexdigest())
    monkeypatch.setattr(cifar, "_LAYOUTS", (own, cifar._LAYOUTS[1]))
    told = Told()
    open_source(f"train:{path}", told)
    assert not told.lines


def test_a_part_must_be_named_and_only_where_there_are_parts(tmp_path: Path) -> None:
    path = pack(tmp_path / "cifar.tar.gz", CIFAR_100)
    with pytest.raises(InputError, match="two parts") as raised:
        open_source(path)
    assert f"test:{path}" in raised.value.fix
    with pytest.raises(InputError, match="has no parts by name"):
        open_source(f"train:{pack(tmp_path / 'other.tar.gz', {'a.png': b'1'})}")
    with pytest.raises(InputError, match="does not exist"):
        open_source(f"train:{tmp_path / 'nothing.tar.gz'}")
    with pytest.raises(InputError, match="cannot be read as a tar archive"):
        open_source(tmp_path / "other.tar.gz")


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95, 0.9999])
def test_a_truncated_archive_is_never_read(tmp_path: Path, kept: float) -> None:
    path = pack(tmp_path / "cifar.tar.gz", CIFAR_100)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match="cannot be read"):
        open_source(f"test:{path}")


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "cifar.tar.gz", CIFAR_100)
    plain = bytearray(gzip.decompress(path.read_bytes()))
    damaged = bytearray(gzip.compress(bytes(plain)))
    damaged[-5] ^= 1  # the checksum at the end
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="cannot be read: CRC"):
        open_source(f"test:{path}")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"cifar-100-python/train": b"\x80\x02"}, "never loaded"),
        ({"cifar-10-batches-py/data_batch_1": b"\x80\x02"}, "never loaded"),
        ({name: data for name, data in CIFAR_10.items() if "batch_4" not in name}, r"lacks data_batch_4\.bin"),
        ({name: data for name, data in CIFAR_100.items() if "fine" not in name}, r"lacks fine_label_names\.txt"),
        ({**CIFAR_100, "cifar-100-binary/train.bin": records(0, 1, 1)[:-1]}, "no whole number of images"),
        ({**CIFAR_100, "cifar-100-binary/train.bin": records(0, 1, 1) + bytes([0, 9]) + bytes(3072)}, "has class 9"),
        ({**CIFAR_100, "cifar-100-binary/train.bin": b""}, "holds no images"),
    ],
)
def test_what_is_not_the_binary_version_is_refused(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        open_source(f"train:{pack(tmp_path / 'cifar.tar.gz', files)}")
    assert message != "never loaded" or "cifar-100-binary.tar.gz" in str(raised.value.fix)


def test_a_file_that_claims_to_be_huge_is_refused_at_once(tmp_path: Path) -> None:
    member = tarfile.TarInfo("cifar-100-binary/train.bin")
    member.size = 1 << 40
    (tmp_path / "huge.tar.gz").write_bytes(gzip.compress(member.tobuf() + bytes(512)))
    with pytest.raises(InputError, match="claims"):
        open_source(f"train:{tmp_path / 'huge.tar.gz'}")
