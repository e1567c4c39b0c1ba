"""Reads XML of others within limits: no document type, so no entities and nothing from outside; element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from xml.parsers import expat

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_DEPTH


class Handler(Protocol):
    """Takes what is in a document, in its order. Names are without their namespace.

    `start`, `end` and `text` may raise `ValueError` for values that are wrong. `parents` begins at the root.
    """

    def start(self, name: str, attributes: Mapping[str, str], parents: Sequence[str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, data: str) -> None: ...


def read_xml(data: bytes, handler: Handler, origin: str) -> None:
    """Hand a document to `handler`.

    Raises:
        InputError: if it is no XML, has a document type, is nested too deeply, or the handler finds a wrong value.
    """
    parents: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(parents) >= MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
        plain = name.rpartition(":")[2]
        handler.start(plain, {key.rpartition(":")[2]: value for key, value in attributes.items()}, parents)
        parents.append(plain)

    def end(name: str) -> None:
        parents.pop()
        handler.end(name.rpartition(":")[2])

    def refuse(*_: object) -> None:
        raise ValueError("it has a document type (DTD), which is never read")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        place = f"line {parser.CurrentLineNumber}"
        raise InputError(
            f"{origin} cannot be read as XML ({place}): {error}.",
            "It is damaged, or not as its format wants it.",
            "Correct it, or export it again.",
        ) from None
