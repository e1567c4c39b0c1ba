"""Records: frozen dataclasses with the methods of pydantic's models, which is loaded only where it is needed."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from mutated_values import JSON_VALUES, mutations_of
from pydantic import ValidationError

from crnn_deploy.class_sequences import ClassSequence
from crnn_deploy.clips import Clips
from crnn_deploy.config import Frozen
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.record import Record, field
from crnn_deploy.record_model import model_of, record_of
from crnn_deploy.spec import Architecture, LineageStep, ModelSpec
from crnn_deploy.vector import VectorNumber


class Point(Record):
    """A place with a name."""

    x: int = field(ge=0, description="To the right.", examples=[3])
    y: float = field(default=0.5, le=10, description="Down.")
    name: str | None = field(default=None, max_length=3, description="Its name.")

    @classmethod
    def in_full(cls, given: Any) -> Any:
        return {"x": int(given)} if isinstance(given, str) else given

    def check(self) -> None:
        if self.y > self.x:
            raise ValueError("it lies too far down")


class Path(Record):
    """Several points."""

    points: tuple[Point, ...] = field(min_length=1, description="In their order.")
    notes: dict[str, Any] = field(default_factory=dict, description="Anything.")


class Drawing(Frozen):
    path: Path
    start: Point = Point(x=1)


def test_a_record_is_a_frozen_dataclass_that_is_equal_to_one_of_the_same_values() -> None:
    point = Point(x=3)
    assert dataclasses.is_dataclass(point)
    assert (point.x, point.y, point.name) == (3, 0.5, None)
    assert point == Point(x=3, y=0.5)
    assert point != Point(x=4)
    assert {point, Point(x=3)} == {point}
    assert repr(point) == "Point(x=3, y=0.5, name=None)"
    assert dict(point) == {"x": 3, "y": 0.5, "name": None}
    with pytest.raises(AttributeError):
        point.x = 4  # type: ignore[misc]


def test_it_remembers_which_fields_were_given_also_in_a_copy() -> None:
    assert Point(x=3).model_fields_set == {"x"}
    assert Point.model_validate({"x": "3", "name": None}).model_fields_set == {"x", "name"}
    changed = Point(x=3).model_copy(update={"y": 1.0})
    assert (changed, changed.model_fields_set) == (Point(x=3, y=1), {"x", "y"})
    for same in (copy.copy(changed), copy.deepcopy(changed), pickle.loads(pickle.dumps(changed))):
        assert (same, same.model_fields_set) == (changed, {"x", "y"})


def test_json_has_the_fields_in_their_order_and_floats_as_floats() -> None:
    path = Path(points=["2", {"x": 3, "y": 1}], notes={"why": [1, None]})
    text = '{"points":[{"x":2,"y":0.5,"name":null},{"x":3,"y":1.0,"name":null}],"notes":{"why":[1,null]}}'
    assert path.model_dump_json() == text
    assert Path.model_validate_json(text) == path
    assert path.model_dump(mode="json", exclude_defaults=True)["points"] == [{"x": 2}, {"x": 3, "y": 1.0}]
    assert path.model_dump(include={"notes"}) == {"notes": {"why": [1, None]}}


def test_records_stand_in_configs() -> None:
    drawing = Drawing(path={"points": ["2"]})
    assert drawing.path.points == (Point(x=2),)
    assert Drawing(path=drawing.path).path is drawing.path
    assert Drawing.model_validate_json(drawing.model_dump_json()) == drawing
    assert drawing.model_dump()["start"] == {"x": 1, "y": 0.5, "name": None}
    assert Drawing.model_json_schema()["$defs"]["Point"]["properties"]["y"]["maximum"] == 10


@pytest.mark.parametrize(
    ("data", "location", "message"),
    [
        ({"points": []}, ("points",), "at least 1 item"),
        ({}, ("points",), "Field required"),
        ({"points": ["2"], "ponits": 1}, ("ponits",), "Extra inputs are not permitted"),
        ({"points": ["2", {"x": -1}]}, ("points", 1, "x"), "greater than or equal to 0"),
        ({"points": [{"x": 1, "name": "long"}]}, ("points", 0, "name"), "at most 3 characters"),
        ({"points": [{"x": 1, "y": 2}]}, ("points", 0), "too far down"),
        ({"points": [{"x": True}]}, ("points", 0), "'x' can't be true"),
        ({"points": ["a"]}, ("points", 0), "invalid literal"),
        (7, (), "valid dictionary"),
    ],
)
def test_what_is_wrong_is_told_by_pydantic(data: Any, location: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refusal:
        Path.model_validate(data)
    assert refusal.value.errors()[0]["loc"] == location
    assert refusal.value.title == "Path"


def test_its_fields_are_described_as_those_of_configs() -> None:
    x = Point.model_fields["x"]
    assert (x.description, x.examples, x.is_required()) == ("To the right.", [3], True)
    assert Path.model_fields["notes"].default_factory is dict


def test_values_that_are_plainly_right_need_no_pydantic() -> None:
    program = (
        "import sys; sys.modules['pydantic'] = sys.modules['pydantic_core'] = None\n"
        "from crnn_deploy.spec import ModelSpec\n"
        "spec = ModelSpec.model_validate({'name': 'm', 'charset': 'a', 'preprocessing': {'height': 9, 'mean': [0]}})\n"
        "print(spec.model_copy(update={'name': 'n'}).preprocessing.mean)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "(0.0,)\n"


READER = ModelSpec(
    name="m",
    charset=["a", "b", "क्ष", ""],
    sequences=[ClassSequence(classes=(4, 1), text="x")],
    preprocessing=Preprocessing(height=32, max_width=640, mean=(0.5,)),
    architecture=Architecture(family="f", options={"hidden": 96, "layers": [1, {"a": None}]}),
    lineage=[LineageStep(stage="train", tools={"torch": "2"}, notes={"loss": 0.25}), LineageStep(stage="export")],
    metrics={"val": {"cer": 0.1, "lines": 3}},
)
CLASSIFIER = ModelSpec(
    name="c",
    task="classify",
    class_names=("x", "y"),
    preprocessing=Preprocessing(
        height=16, width=16, channels="RGB", clips=Clips(every=2), vector=[VectorNumber(name="age"), "size"]
    ),
)


@pytest.mark.parametrize("spec", [READER, CLASSIFIER], ids=lambda spec: spec.name)
def test_a_spec_that_was_written_is_plain(spec: ModelSpec) -> None:
    written = spec.model_dump(mode="json")
    assert ModelSpec.plain(written) == spec
    assert ModelSpec.plain(written).model_dump_json() == spec.model_dump_json()


@given(mutations_of(READER.model_dump(mode="json")) | mutations_of(CLASSIFIER.model_dump(mode="json")) | JSON_VALUES)
def test_what_is_taken_as_plain_is_what_pydantic_makes_of_it(data: Any) -> None:
    try:
        plain = ModelSpec.plain(data)
    except ValueError:
        return
    validated = record_of(model_of(ModelSpec).model_validate(data), ModelSpec)
    assert (plain, plain.model_fields_set) == (validated, validated.model_fields_set)
    assert plain.model_dump_json() == validated.model_dump_json()
