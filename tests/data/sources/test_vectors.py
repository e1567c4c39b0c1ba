"""Numbers beside the images of a source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pictures_with_vectors import draw_csv, draw_npz, exclusive_or
from PIL import Image
from told import Told

from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.errors import InputError


def pictures(folder: Path, count: int) -> Path:
    for index in range(count):
        Image.new("L", (8, 8), index).save(folder / f"{index}.png")
    return folder


def test_columns_of_a_table_and_arrays_of_an_npz_are_the_same_vectors(tmp_path: Path) -> None:
    vectors = exclusive_or(20)[2]
    for path in (draw_csv(tmp_path / "a", 20), draw_npz(tmp_path / "b.npz", 20)):
        source = open_source(path)
        assert source.vector_names == ("bit", "noise")
        np.testing.assert_allclose(source.vectors(("noise", "bit")), vectors[:, ::-1], atol=1e-3)
        part = Subset(source, [3, 1])
        np.testing.assert_allclose(part.vectors(("bit",)), vectors[[3, 1], :1], atol=1e-3)
        np.testing.assert_allclose(Combined([source, part]).vectors(("bit",))[[-1]], vectors[[1], :1], atol=1e-3)


def test_keys_of_json_lines_are_columns_too(tmp_path: Path) -> None:
    rows = [{"file_name": f"{i}.png", "text": "ab"[i], "Body Temp": 36 + i} for i in range(2)]
    (pictures(tmp_path, 2) / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    source = open_source(tmp_path)
    assert source.vector_names == ("body_temp",)
    assert source.vectors(("body_temp",)).tolist() == [[36], [37]]


def test_columns_without_names_are_numbered(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 8, 8), np.uint8), vectors=np.eye(2))
    assert open_source(tmp_path / "a.npz").vector_names == ("v0", "v1")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("old", "line 3: age is 'old', which is no finite number"),
        ("nan", "line 3: age is 'nan'"),
        ("-inf", "line 3: age is '-inf'"),
        ("1e999", "line 3: age is '1e999'"),
        ("3_5", "line 3: age is '3_5'"),
        (" ", "line 3: age is missing"),
    ],
)
def test_a_cell_that_is_no_number_is_named_with_its_line(tmp_path: Path, cell: str, message: str) -> None:
    table = f"file_name,age,label\n0.png,1,a\n1.png,{cell},b\n"
    (pictures(tmp_path, 2) / "labels.csv").write_text(table)
    source = open_source(tmp_path)  # which does not look at a column that nobody asks for
    with pytest.raises(InputError, match=message):
        source.vectors(("age",))


@pytest.mark.parametrize("value", ["null", "true", '"x"', "1e999", "[1]"])
def test_a_value_of_json_that_is_no_number_is_named_with_its_line(tmp_path: Path, value: str) -> None:
    rows = f'{{"file_name": "0.png", "text": "a", "age": 1}}\n{{"file_name": "1.png", "text": "b", "age": {value}}}\n'
    (pictures(tmp_path, 2) / "metadata.jsonl").write_text(rows)
    with pytest.raises(InputError, match="line 2"):
        open_source(tmp_path).vectors(("age",))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"vectors": np.ones(2)}, r"vectors in .* is float64 of shape \(2,\)"),
        ({"vectors": np.ones((3, 1))}, "there are 2 pictures"),
        ({"vectors": np.array([["a"], ["b"]])}, "vectors in .* is <U1"),
        ({"vectors": np.ones((2, 5000))}, "5,000 columns"),
        ({"vectors": np.ones((2, 2)), "vector_names": ["a"]}, r"vector_names in .* of shape \(1,\)"),
        ({"vectors": np.ones((2, 2)), "vector_names": ["a", "A"]}, "names a column twice"),
        ({"vectors": np.array([[1], [object()]])}, "plain arrays"),
    ],
    ids=["flat", "too many", "texts", "too long", "too few names", "twice", "objects"],
)
def test_arrays_that_are_no_vectors(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 8, 8), np.uint8), **arrays)
    with pytest.raises(InputError, match=message):
        open_source(tmp_path / "a.npz")


def test_a_number_of_an_array_that_is_not_finite_is_named_with_its_picture(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 8, 8), np.uint8), vectors=[[1, 2], [3, np.nan]])
    with pytest.raises(InputError, match="nan for v1 of picture 1"):
        open_source(tmp_path / "a.npz").vectors(("v0", "v1"))


def test_labels_of_a_table_are_classes_in_the_order_of_the_model(tmp_path: Path) -> None:
    (pictures(tmp_path, 3) / "labels.csv").write_text("file_name,label,age\n0.png,b,1\n1.png,a,2\n2.png,b,3\n")
    source = open_source(tmp_path)
    assert with_vector(source, ()) is source
    found = with_vector(source, ("age",))
    assert (found.kind, found.class_names) == ("class", ("a", "b"))
    assert [found.class_index(index) for index in range(3)] == [1, 0, 1]
    assert with_vector(source, ("age",), ("b", "c", "a")).class_index(1) == 2


def test_a_picture_with_another_vector_is_another_picture(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 8, 8), np.uint8), y=[0, 1, 0], vectors=[[1], [2], [1]])
    source = open_source(tmp_path / "a.npz")
    hashes = [with_vector(source, ("v0",)).content_hash(index) for index in range(3)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_numbers_that_no_model_takes_are_told(tmp_path: Path) -> None:
    told = Told()
    with_vector(open_source(draw_npz(tmp_path / "a.npz", 4)), (), progress=told)
    assert "are not read: bit, noise" in told.lines[0]
