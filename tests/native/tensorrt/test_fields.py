"""The attributes of a node: from the parser to the plugin, and through an engine."""

from __future__ import annotations

import pytest
from plugin_host.host import gru_fields
from plugin_host.library import RUNTIME, Field

HIDDEN = 96


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_fields_survive_the_engine(host, direction):
    plugin = host.create(gru_fields(HIDDEN, direction))
    assert plugin is not None
    read = plugin.serialize()
    assert read == gru_fields(HIDDEN, direction)
    again = host.create(read, RUNTIME)
    assert again is not None
    assert again.serialize() == read


def test_the_parser_ends_strings_with_a_zero(host):
    text = b"bidirectional\0"
    plugin = host.create([gru_fields(HIDDEN, "")[0], Field("direction", "CHAR", text, len(text))])
    assert plugin is not None
    assert plugin.serialize() == gru_fields(HIDDEN, "bidirectional")


@pytest.mark.parametrize("hidden", [1, 1024])
def test_sizes_at_the_limits(host, hidden):
    plugin = host.create(gru_fields(hidden, "forward"))
    assert plugin is not None
    assert plugin.serialize() == gru_fields(hidden, "forward")


def test_other_fields_do_not_matter(host):
    others = [Field("axis", "INT32", bytes(4), 1), Field("", "CHAR", b"x", 1)]
    assert host.create([others[0], *gru_fields(HIDDEN, "reverse"), others[1]]) is not None


SIZE, DIRECTION = gru_fields(HIDDEN, "forward")
BAD_FIELDS = {
    "no collection": None,
    "no fields": [],
    "no direction": [SIZE],
    "no size": [DIRECTION],
    "size 0": [SIZE._replace(data=bytes(4)), DIRECTION],
    "negative size": [SIZE._replace(data=b"\xff" * 4), DIRECTION],
    "size over the limit": [SIZE._replace(data=(1025).to_bytes(4, "little")), DIRECTION],
    "two sizes": [Field("hidden_size", "INT32", bytes([96, 0, 0, 0] * 2), 2), DIRECTION],
    "size without data": [SIZE._replace(data=None), DIRECTION],
    "size of length 0": [SIZE._replace(length=0), DIRECTION],
    "size as text": [Field("hidden_size", "CHAR", b"96\0\0", 2), DIRECTION],
    "size as a fraction": [SIZE._replace(type="FLOAT32"), DIRECTION],
    "size of 64 bits": [Field("hidden_size", "INT64", (96).to_bytes(8, "little"), 1), DIRECTION],
    "direction as a number": [SIZE, DIRECTION._replace(type="INT32", length=1)],
    "direction without data": [SIZE, DIRECTION._replace(data=None)],
    "empty direction": [SIZE, DIRECTION._replace(length=0)],
    "only a zero": [SIZE, Field("direction", "CHAR", b"\0", 1)],
    "negative length": [SIZE, DIRECTION._replace(length=-1)],
    "half a direction": [SIZE, DIRECTION._replace(length=4)],
    "unknown direction": [SIZE, Field("direction", "CHAR", b"sideways", 8)],
    "upper case": [SIZE, Field("direction", "CHAR", b"FORWARD", 7)],
}


@pytest.mark.parametrize("fields", BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_bad_fields_are_refused(host, fields):
    assert host.create(fields) is None
