"""Protobuf's wire format is read within limits."""

from __future__ import annotations

import pytest
from kraken_files import field, varint

from crnn_deploy.checkpoints.families.kraken.protobuf import Message
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_MESSAGE_FIELDS


def message(data: bytes) -> Message:
    return Message(memoryview(data), "m")


def test_fields_of_all_kinds() -> None:
    inner = field(1, "é") + field(2, 300)
    data = field(5, inner) + field(5, b"") + varint(6 << 3 | 5) + b"\0\0\x80?" + field(7, b"\x01\xac\x02")
    data += varint(8 << 3 | 1) + bytes(8) + field(9, b"\0\0\x80?")
    read = message(data)
    first, second = read.messages(5)
    assert (first.text(1), first.integer(2), second.integer(2)) == ("é", 300, 0)
    assert read.integers(7) == [1, 300]
    assert read.floats(9).tolist() == [1.0]
    assert read.has(5)
    assert not read.has(6)


@pytest.mark.parametrize(
    "data",
    [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, b"\x0d\0", b"\x0b", field(1, 0) * (MAX_MESSAGE_FIELDS + 1)],
    ids=["no length", "cut off", "long number", "cut number", "group", "many fields"],
)
def test_what_is_damaged(data: bytes) -> None:
    with pytest.raises(InputError, match="m is damaged"):
        message(data)


def test_texts_and_numbers_that_are_damaged() -> None:
    read = message(field(1, b"\xff") + field(2, b"abc"))
    for ask in (lambda: read.text(1), lambda: read.floats(2), lambda: message(field(1, b"\x80")).integers(1)):
        with pytest.raises(InputError):
            ask()
