"""Reads fields of protobuf messages from their wire format, without a schema.

The encoding is that of https://protobuf.dev/programming-guides/encoding. Only messages that someone asks for are
looked into, so how deeply a file is nested does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_MESSAGE_FIELDS

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_FLOAT_BYTES = 4


class Message:
    """The fields of one message by number, each as often as it is there.

    Args:
        data: its bytes, which are not copied.
        origin: what the message is, for errors.

    Raises:
        InputError: if it is cut off or is no message, or has more than `MAX_MESSAGE_FIELDS` fields.
    """

    def __init__(self, data: memoryview, origin: str) -> None:
        self._origin = origin
        self._integers: dict[int, list[int]] = {}
        self._bytes: dict[int, list[memoryview]] = {}
        at = 0
        for _ in range(MAX_MESSAGE_FIELDS):
            if at == len(data):
                return
            at = self._read_field(data, at)
        raise self._damaged(f"it has more than {MAX_MESSAGE_FIELDS:,} fields")

    def messages(self, number: int) -> list[Message]:
        """All messages of a field. Raises `InputError` if one is damaged."""
        return [Message(data, self._origin) for data in self._bytes.get(number, [])]

    def message(self, number: int) -> Message:
        """The message of a field, or one without fields. Raises `InputError` if it is damaged."""
        return Message(self._bytes.get(number, [memoryview(b"")])[-1], self._origin)

    def has(self, number: int) -> bool:
        """Whether there are bytes, a text or a message in a field."""
        return number in self._bytes

    def integer(self, number: int) -> int:
        """The integer of a field; 0 if there is none."""
        return self._integers.get(number, [0])[-1]

    def integers(self, number: int) -> list[int]:
        """The packed integers of a field. Raises `InputError` if they are damaged or too many."""
        data = self._bytes.get(number, [memoryview(b"")])[-1]
        at, values = 0, list[int]()
        while at < len(data) and len(values) < MAX_MESSAGE_FIELDS:
            value, at = self._varint(data, at)
            values.append(value)
        return values

    def text(self, number: int) -> str:
        """The text of a field; empty if there is none. Raises `InputError` if it is not UTF-8."""
        try:
            return str(self._bytes.get(number, [memoryview(b"")])[-1], "utf-8")
        except UnicodeDecodeError as error:
            raise self._damaged(f"a text is not UTF-8: {error}") from None

    def floats(self, number: int) -> NDArray[np.float32]:
        """The packed FP32 numbers of a field. Raises `InputError` if the last one is cut off."""
        data = self._bytes.get(number, [memoryview(b"")])[-1]
        if len(data) % _FLOAT_BYTES:
            raise self._damaged("a list of FP32 numbers ends within a number")
        return np.frombuffer(data, "<f4")

    def _read_field(self, data: memoryview, at: int) -> int:
        """Store the field that begins at `at`; gives where the next one begins."""
        key, at = self._varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = self._varint(data, at)
            self._integers.setdefault(number, []).append(value)
            return at
        if kind == _BYTES:
            length, at = self._varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise self._damaged(f"a field has the unknown type {kind}")
        if length > len(data) - at:
            raise self._damaged(f"a field of {length:,} bytes goes on after the end")
        if kind == _BYTES:
            self._bytes.setdefault(number, []).append(data[at : at + length])
        return at + length

    def _varint(self, data: memoryview, at: int) -> tuple[int, int]:
        """An integer, and where the next thing begins."""
        value = 0
        for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value, at + place + 1
        raise self._damaged("an integer is cut off or too long")

    def _damaged(self, reason: str) -> InputError:
        return InputError(
            f"{self._origin} is damaged: {reason}.",
            "A download or copy was probably interrupted, or it is a file of another kind.",
            "Fetch the file again and compare its size or checksum.",
        )
