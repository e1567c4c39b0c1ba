from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction
from crnn_deploy.report.run.examples import THUMBNAIL, build_examples, thumbnail

REFERENCE = "a long road"
OUTCOMES = {  # item → what baseline and student read
    "better": ("a long r0ad", "a long road"),
    "worse": ("a long road", "a l0ng road"),
    "differ": ("a l0ng road", "a long r0ad"),
    "alike": ("a song toad", "a song toad"),
}


ORDER = sorted(f"{name}.png" for name in (*OUTCOMES, *(f"right{n}" for n in range(8))))


def evaluation(name: str, readings: dict[str, str]) -> Evaluation:
    return Evaluation(
        artifact=name,
        runtime="torch",
        dataset=DatasetFacts(name="lines", count=len(readings), kind="text", fingerprint="5eed"),
        accuracy=Accuracy(ci95={}, count=len(readings)),
        predictions=tuple(
            Prediction(item=i, reference=REFERENCE, text=text, index=ORDER.index(i)) for i, text in readings.items()
        ),
    )


@pytest.fixture
def source(tmp_path):
    for name in (*OUTCOMES, *(f"right{n}" for n in range(8))):
        Image.new("L", (90, 30), 200).save(tmp_path / f"{name}.png")
    return open_source(tmp_path)


@pytest.fixture
def evaluations(source):
    items = [source.item_name(index) for index in range(len(source))]
    readings = [OUTCOMES.get(item.removesuffix(".png"), (REFERENCE, REFERENCE)) for item in items]
    return {
        name: evaluation(name, {item: pair[place] for item, pair in zip(items, readings, strict=True)})
        for place, name in enumerate(("baseline", "student"))
    }


def kinds(examples) -> list[str]:
    return [example.item.removesuffix(".png").rstrip("01234567") for example in examples]


def test_lines_that_differ_come_first(source, evaluations) -> None:
    assert set(kinds(build_examples(source, evaluations, 3))) == {"better", "worse", "differ"}


def test_lines_that_all_read_right_are_shown_too(source, evaluations) -> None:
    assert "right" in kinds(build_examples(source, evaluations, 4))


def test_the_same_lines_are_picked_every_time(source, evaluations) -> None:
    assert build_examples(source, evaluations, 7) == build_examples(source, evaluations, 7)


def test_no_line_comes_twice_and_none_is_invented(source, evaluations) -> None:
    examples = build_examples(source, evaluations, 100)
    assert sorted(example.item for example in examples) == sorted(source.item_name(i) for i in range(len(source)))


def test_an_example_holds_what_each_variant_read(source, evaluations) -> None:
    for example in build_examples(source, evaluations, 12):
        name = example.item.removesuffix(".png")
        assert tuple(example.readings.values()) == OUTCOMES.get(name, (REFERENCE, REFERENCE))
        assert list(example.readings) == ["baseline", "student"]
        assert example.reference == REFERENCE


def test_lines_that_one_variant_skipped_are_left_out(source, evaluations) -> None:
    read = {p.item: p.text for p in evaluations["student"].predictions if p.item != "better.png"}
    examples = build_examples(source, {**evaluations, "student": evaluation("student", read)}, 100)
    assert "better" not in kinds(examples)
    assert len(examples) == len(source) - 1


def test_the_worst_errors_of_the_last_variant_are_added(source, evaluations) -> None:
    assert [example.item for example in build_examples(source, evaluations, 0, worst=1)] == ["alike.png"]
    both = build_examples(source, evaluations, 100, worst=3)
    assert len(both) == len(source)


def test_no_lines_asked_for(source, evaluations) -> None:
    assert build_examples(source, evaluations, 0) == ()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK"])
def test_thumbnails_are_small_pngs_of_the_same_shape(mode) -> None:
    uri = thumbnail(Image.new(mode, (1000, 100)), "x")
    header, _, content = uri.partition(",")
    assert header == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert image.width <= THUMBNAIL[0]
    assert image.height <= THUMBNAIL[1]
    assert image.width / image.height == pytest.approx(10, rel=0.03)


def test_small_images_are_not_enlarged() -> None:
    content = thumbnail(Image.new("L", (20, 10)), "x").partition(",")[2]
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (20, 10)
