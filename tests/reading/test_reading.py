"""Texts, confidences and places of characters, by known answers."""

from __future__ import annotations

import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.decoding import BeamSearch, decode
from crnn_deploy.reading.reading import Character, Decoder, Reading
from crnn_deploy.reading.seen import Box, Part, View
from crnn_deploy.spec import ModelSpec

SEEN = Preprocessing(height=8)
SPEC = ModelSpec(name="reader", charset=("a", "b"), preprocessing=SEEN)  # the blank is class 0


Said = tuple[Part, NDArray[np.float32]]


def part(columns: int, first: int = 0) -> Part:
    return Part(pixels=np.zeros((1, 8, columns), np.float32), area=Box(0, 8, 0, columns), first=first)


def said(path: list[int], columns: int, first: int = 0, sure: float = 0.7) -> Said:
    """A part and what a network says of it along a path: the class of each frame has the probability `sure`."""
    probabilities = np.full((len(path), 3), (1 - sure) / 2, np.float32)
    probabilities[np.arange(len(path)), path] = sure
    return part(columns, first), np.log(probabilities)


def read(*pieces: Said, spec: ModelSpec = SPEC, beam: int | None = None, width: int = 80) -> Reading:
    """The reading of a picture that is twice as large as the network sees it."""
    parts, outputs = zip(*pieces, strict=True)
    return Decoder(spec, beam).reading(View((width, 16), parts, (2.0, 2.0)), outputs)


def test_each_character_has_its_place_in_the_picture() -> None:
    reading = read(said([0, 1, 1, 0, 2, 0, 1, 0, 0, 0], 40))
    assert reading.text == "aba"
    assert reading.confidence == pytest.approx(0.7**3, abs=1e-6)
    assert [(each.text, each.left, each.right) for each in reading.characters] == [
        ("a", 8.0, 24.0),  # frames of 4 columns, each of which is 2 pixels of the picture
        ("b", 32.0, 40.0),
        ("a", 48.0, 56.0),
    ]


def test_margins_and_padding_are_no_part_of_the_picture() -> None:
    reading = read(said([1, 0, 0, 2], 16, first=-3), width=20)
    assert [(each.left, each.right) for each in reading.characters] == [(0, 2.0), (18.0, 20)]


def test_a_line_of_pieces_is_read_as_one() -> None:
    """Frames in an overlap count once, and a character that a seam cuts is one."""
    reading = read(said([1, 0, 2, 2, 2, 1], 24), said([1, 2, 0, 1], 16, first=14))
    assert reading.text == "aba"
    assert [(each.text, each.left, each.right) for each in reading.characters] == [
        ("a", 0.0, 8.0),
        ("b", 16.0, 44.0),  # from the third frame of the left piece to the second of the right one
        ("a", 52.0, 60.0),
    ]


def test_a_sequence_of_classes_is_one_character() -> None:
    """Its confidence is that of its least sure class; a class that has no text alone is no character."""
    spec = ModelSpec.model_validate(
        {
            "name": "spelling",
            "charset": ["", "b"],
            "sequences": [{"classes": [1, 2], "text": "é"}],
            "preprocessing": {"height": 8},
        }
    )
    reading = read(said([1, 0, 2, 0, 2, 1], 24), spec=spec)
    assert reading.text == "éb"
    assert [(each.text, each.left, each.right) for each in reading.characters] == [("é", 0.0, 24.0), ("b", 32.0, 40.0)]


def test_nothing_is_read_with_the_confidence_of_all_its_blanks() -> None:
    reading = read(said([0, 0, 0], 12, sure=0.9))
    assert (reading.text, reading.characters) == ("", ())
    assert reading.confidence == pytest.approx(0.9**3, abs=1e-6)


def test_a_class_has_no_characters() -> None:
    spec = ModelSpec(name="c", task="classify", class_names=("cat", "dog", "owl"), preprocessing=SEEN)
    output = np.log(np.array([0.1, 0.2, 0.7], np.float32))
    reading = read((part(8), output), spec=spec)
    assert (reading.text, reading.characters) == ("owl", ())
    assert reading.confidence == pytest.approx(0.7, abs=1e-6)


@given(st.lists(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=3), min_size=1, max_size=12))
def test_text_and_confidence_are_those_of_the_other_verbs(rows: list[list[float]]) -> None:
    output = np.array(rows, np.float32)
    columns = 4 * len(output)
    told = part(columns), output
    batch: NDArray[np.float32] = output[np.newaxis]
    reading = read(told, width=2 * columns)
    assert reading.text == decode(batch, SPEC)[0] == "".join(each.text for each in reading.characters)
    assert reading.confidence == pytest.approx(confidences(batch, SPEC)[0], abs=1e-6)
    assert read(told, beam=4).text == BeamSearch(SPEC, 4)(batch)[0]
    edges = [edge for each in reading.characters for edge in (each.left, each.right)]
    assert edges == sorted(edges)


def test_a_reading_is_the_same_before_and_after_its_characters_were_asked_for() -> None:
    asked, fresh = read(said([1, 0, 2], 12)), read(said([1, 0, 2], 12))
    assert len(asked.characters) == 2
    assert pickle.loads(pickle.dumps(fresh)) == asked == fresh
    assert (hash(asked), repr(asked)) == (hash(fresh), repr(fresh))
    assert asked != read(said([1, 0, 2], 24))  # the same text at other places
    assert asked != ("ab", asked.confidence, asked.characters)


def test_a_reading_keeps_neither_the_picture_nor_the_output() -> None:
    line, output = said([1, 0, 2], 12)
    pixels = weakref.ref(line.pixels), weakref.ref(output)
    reading = read((line, output))
    del line, output
    assert [each() for each in pixels] == [None, None]
    assert len(reading.characters) == 2


def test_threads_that_ask_for_the_characters_at_once_get_the_same() -> None:
    reading = read(said([1, 0, 2] * 30, 360))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: reading.characters, range(40)))
    assert found == [found[0]] * 40


def test_a_reading_can_be_taken_apart() -> None:
    text, confidence, (first, *_) = read(said([1, 0, 2], 12))
    assert (text, first) == ("ab", Character("a", pytest.approx(0.7, abs=1e-6), 0.0, 8.0))
    assert confidence == pytest.approx(0.49, abs=1e-6)
