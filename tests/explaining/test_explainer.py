"""Saliency lies where hand-made models look, by both methods; characters stand where their ink is."""

from __future__ import annotations

import numpy as np
import pytest
from explaining.known_models import (
    CLASSES,
    CORNER,
    LINES,
    SIGNED,
    Corner,
    Inks,
    SignedCorner,
    bright_picture,
    line,
    session,
)
from PIL import Image
from torch import Tensor

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.explaining.explainer import Explainer
from crnn_deploy.explaining.result import Explanation
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.viewing import look_at

BLACK, GREY = 0, 128


def explainer_of(kind: str, method: str) -> Explainer:
    if method == "gradients":
        pytest.importorskip("captum")
    model, spec = (Corner(), CLASSES) if kind == "class" else (Inks(), LINES)
    return Explainer(session(model, spec), model if method == "gradients" else None)


def explain(explainer: Explainer, image: Image.Image) -> Explanation:
    return explainer.explain(image, "image", "image.png", NoteTaker())[0]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("method", ["occlusion", "gradients"])
def test_the_vector_is_held_fixed_while_parts_are_hidden(method: str, sign: float) -> None:
    if method == "gradients":
        pytest.importorskip("captum")
    model = SignedCorner()
    explainer = Explainer(session(model, SIGNED), model if method == "gradients" else None)
    vector = np.array([[sign]], np.float32)
    found = explainer.explain(bright_picture(), "image", "image.png", NoteTaker(), vector=vector)[0]
    assert (found.text, found.if_hidden) == (("corner", "none") if sign > 0 else ("none", "corner"))


@pytest.mark.parametrize("method", ["occlusion", "gradients"])
def test_the_saliency_of_a_class_lies_where_the_model_looks(method: str) -> None:
    explainer = explainer_of("class", method)
    (seen,) = look_at(explainer.session, bright_picture(), "image", NoteTaker()).pieces
    saliency = explainer.saliency(seen, explainer.answers(seen))[0]
    inside = saliency[CORNER].sum()
    assert inside > 0
    top, left = np.unravel_index(saliency.argmax(), saliency.shape)
    assert CORNER[0].start <= top < CORNER[0].stop
    assert CORNER[1].start <= left < CORNER[1].stop
    if method == "gradients":  # exact: no pixel outside of the corner has a gradient
        assert inside == pytest.approx(saliency.sum())


@pytest.mark.parametrize("method", ["occlusion", "gradients"])
def test_the_named_region_is_that_part_in_the_pixels_of_the_picture(method: str) -> None:
    found = explain(explainer_of("class", method), bright_picture().resize((72, 48), Image.Resampling.NEAREST))
    assert (found.text, found.width, found.height, found.method) == ("corner", 72, 48, method)
    region = found.region
    assert region is not None
    rows, columns = CORNER
    assert rows.start - 1 <= region.top / 2 < region.bottom / 2 <= rows.stop + 1
    assert columns.start - 1 <= region.left / 3 < region.right / 3 <= columns.stop + 1
    assert found.if_hidden == "none"
    assert [choice.text for choice in found.choices] == ["corner", "none"]


@pytest.mark.parametrize("method", ["occlusion", "gradients"])
def test_characters_are_where_their_ink_is(method: str) -> None:
    image = line({8: BLACK, 20: GREY, 40: BLACK}, 56).resize((112, 40), Image.Resampling.NEAREST)
    found = explain(explainer_of("line", method), image)
    assert found.text == "aba"
    assert [(c.text, c.frames, c.left, c.right) for c in found.characters] == [
        ("a", (2, 3), 16, 24),
        ("b", (5, 6), 40, 48),
        ("a", (10, 11), 80, 88),
    ]
    for character in found.characters:
        centre = character.start + (np.argmax(character.saliency) + 0.5) * character.step
        assert character.left - 2 <= centre <= character.right + 2
        assert character.region is not None
        assert character.left - 2 <= character.region.left < character.region.right <= character.right + 2
        assert (character.region.top, character.region.bottom) == (0, 40)


def test_a_character_tells_how_sure_it_is_what_stood_second_and_what_its_columns_change() -> None:
    first, second = explain(explainer_of("line", "occlusion"), line({8: BLACK, 20: 70}, 48)).characters
    assert first.confidence > 0.99
    assert first.second.text == "b"
    assert (second.text, second.second.text) == ("b", "a")
    assert 0.4 < second.confidence < 0.95
    assert second.second.confidence == pytest.approx(1 - second.confidence, abs=0.01)
    assert second.if_hidden == "a"


def test_a_line_wider_than_the_model_takes_is_explained_in_pieces() -> None:
    places = [*range(8, 380, 16)]
    inks = {left: (BLACK, GREY)[number % 2] for number, left in enumerate(places)}
    notes = NoteTaker()
    explainer = explainer_of("line", "occlusion")
    found, _ = explainer.explain(line(inks, 400), "wide", "wide.png", notes)
    assert notes.summary([("wide", "wide.png")]).cut.count == 1
    assert found.text == "ab" * (len(places) // 2)
    assert "".join(c.text for c in found.characters) == found.text
    assert [c.left for c in found.characters] == pytest.approx(places, abs=1)
    starts = [c.frames[0] for c in found.characters]
    assert starts == sorted(set(starts))
    for character, place in zip(found.characters, places, strict=True):
        assert character.region is not None
        assert abs((character.region.left + character.region.right) / 2 - (place + 2)) <= 2
        assert len(character.if_hidden or "") == len(found.text) - 1  # of the whole line, not of the piece


def test_margins_beside_a_line_are_no_part_of_the_picture() -> None:
    margins = {"margin": 8, "pad_to": 64, "max_width": 256}
    spec = LINES.model_copy(update={"preprocessing": LINES.preprocessing.model_copy(update=margins)})
    found = explain(Explainer(session(Inks(), spec)), line({4: BLACK}, 24))
    (character,) = found.characters
    assert (character.left, character.right) == (4, 8)
    assert character.region is not None
    assert 2 <= character.region.left < character.region.right <= 10


def test_sequences_of_classes_are_one_character() -> None:
    spec = LINES.model_validate(
        {**LINES.model_dump(), "charset": ("", ""), "sequences": ({"classes": (1, 2), "text": "é"},)}
    )
    found = explain(Explainer(session(Inks(), spec)), line({8: BLACK, 16: GREY}, 32))
    assert found.text == "é"
    assert [(c.text, c.frames) for c in found.characters] == [("é", (2, 5))]


def test_a_line_that_reads_nothing_has_no_characters() -> None:
    found = explain(explainer_of("line", "occlusion"), Image.new("L", (40, 20), 255))
    assert (found.text, found.characters) == ("", ())


@pytest.mark.parametrize("method", ["occlusion", "gradients"])
def test_a_blank_picture_has_no_region(method: str) -> None:
    found = explain(explainer_of("class", method), Image.new("L", (24, 24), 200))
    assert found.text == "corner"
    assert (found.region, found.if_hidden) == (None, None)
    assert {share for row in found.saliency for share in row} == {0.0}


def test_numbers_that_are_not_finite_are_told() -> None:
    class Broken(Corner):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) / 0

    with pytest.raises(GateError, match=r"NaN or infinite outputs for image"):
        explain(Explainer(session(Broken(), CLASSES)), bright_picture())


def test_one_class_leaves_nothing_to_explain() -> None:
    spec = CLASSES.model_copy(update={"class_names": ("only",)})
    with pytest.raises(InputError, match="one class only"):
        Explainer(session(Corner(), spec))


def test_a_picture_below_which_the_input_is_padded() -> None:
    seen = Preprocessing(height=24, width=24, keep_ratio=True, letterbox=True, mean=(0.0,), std=(1.0,))
    spec = CLASSES.model_copy(update={"preprocessing": seen})
    wide = Image.new("L", (48, 24), 0)
    wide.paste(230, (28, 4, 40, 16))  # in the input: columns 14 to 20, rows 2 to 8
    found = explain(Explainer(session(Corner(), spec)), wide)
    assert found.text == "corner"
    assert found.region is not None
    assert 26 <= found.region.left < found.region.right <= 42
    assert 2 <= found.region.top < found.region.bottom <= 18
