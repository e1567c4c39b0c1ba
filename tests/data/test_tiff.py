"""TIFFs in strips and planes are read whole, or refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from data.lines import line, seen

from crnn_deploy.errors import InputError


def tiff(size: tuple[int, int], strips: list[bytes], rows: int, colours: int = 1, planes: bool = False) -> bytes:
    """An uncompressed TIFF of 8 bits, little-endian, with `rows` in each strip; colours may lie in planes."""
    strips_at = np.cumsum([8, *map(len, strips)]).tolist()
    data = b"".join(strips)
    arrays_at = 8 + len(data)
    count = len(strips)
    arrays = struct.pack(f"<{2 * count}I3H", *strips_at[:-1], *map(len, strips), 8, 8, 8)
    at, lengths_at, bits_at = arrays_at, arrays_at + 4 * count, arrays_at + 8 * count
    tags = [
        *(
            (256, 4, 1, size[0]),
            (257, 4, 1, size[1]),
            (258, 3, colours, 8 if colours == 1 else bits_at),
            (259, 3, 1, 1),
        ),
        *(
            (262, 3, 1, 1 if colours == 1 else 2),
            (273, 4, count, strips_at[0] if count == 1 else at),
            (277, 3, 1, colours),
        ),
        *((278, 4, 1, rows), (279, 4, count, len(strips[0]) if count == 1 else lengths_at), (284, 3, 1, 1 + planes)),
    ]
    folder = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", arrays_at + len(arrays)) + data + arrays + folder


@pytest.mark.parametrize("rows", [1, 3, 5, 12, 100])
def test_a_tiff_in_strips_is_read_whole(rows: int) -> None:
    pixels = np.asarray(line())
    strips = [pixels[start : start + rows].tobytes() for start in range(0, len(pixels), rows)]
    assert np.array_equal(seen(tiff((40, 12), strips, rows)), pixels)


@pytest.mark.parametrize("rows", [4, 12])
def test_a_tiff_in_planes_is_read_whole(rows: int) -> None:
    planes = [np.asarray(line()) // (1 + colour) for colour in range(3)]
    strips = [plane[start : start + rows].tobytes() for plane in planes for start in range(0, 12, rows)]
    read = seen(tiff((40, 12), strips, rows, colours=3, planes=True), "RGB")
    assert np.array_equal(read, np.stack(planes, axis=-1))


@pytest.mark.parametrize("rows", [1, 11])
def test_a_tiff_without_all_its_rows_is_refused(rows: int) -> None:
    pixels = np.asarray(line())
    with pytest.raises(InputError, match="its strips hold fewer pixels than it has"):
        seen(tiff((40, 12), [pixels.tobytes()], rows))


def test_tiffs_that_pillow_reads_otherwise_than_they_look_are_refused() -> None:
    signed = io.BytesIO()
    line().save(signed, "TIFF", tiffinfo={339: 2})
    with pytest.raises(InputError, match="signed numbers of 8 bits"):
        seen(signed.getvalue())
    planes = tiff((40, 12), [bytes(960)] * 3, 12, colours=3, planes=True).replace(
        struct.pack("<3H", 8, 8, 8), struct.pack("<3H", 16, 16, 16)
    )
    with pytest.raises(InputError, match="colours of 16 bits lie in planes"):
        seen(planes, "RGB")
