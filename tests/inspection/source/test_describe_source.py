"""What is in a data set of each kind: known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data.clip_files import grey_stills, write_stills
from data.conftest import labelled, picture, png, write_folder, write_tar, write_zip

from crnn_deploy.api import InspectConfig, inspect
from crnn_deploy.data.sources import encoded
from crnn_deploy.inspection.source.description import Quantiles, SourceDescription, WidthBin


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))


def described(location: Path | str, data: Path | None = None) -> SourceDescription:
    found = inspect(InspectConfig(location=location, data=None if data is None else str(data)))
    assert isinstance(found, SourceDescription)
    assert SourceDescription.model_validate_json(found.model_dump_json()) == found
    return found


def all_of(value: int) -> Quantiles:
    return Quantiles(least=value, p10=value, median=value, p90=value, greatest=value)


@pytest.mark.parametrize("kind", ["folder", "label file", "tar", "zip"])
def test_lines_of_text(tmp_path: Path, kind: str) -> None:
    files = labelled(["aab", "", "ж b"])
    if kind in ("folder", "label file"):
        path = write_folder(tmp_path / "set", files)
    else:
        path = (write_tar if kind == "tar" else write_zip)(tmp_path / f"set.{kind}", files)
    found = described(path / "labels.tsv" if kind == "label file" else path)
    assert (found.kind, found.images, found.classes, found.vector_names) == ("text", 3, {}, ())
    assert (found.sizes.height, found.sizes.width, found.sizes.width_at_32) == (all_of(20), all_of(40), all_of(64))
    assert found.sizes.widths_at_32 == (WidthBin(above=32, up_to=64, images=3),)
    labels = found.labels
    assert labels is not None
    assert labels.length == Quantiles(least=0, p10=0, median=3, p90=3, greatest=3)
    assert (labels.empty, labels.different, labels.rare) == (1, 3, 4)
    assert list(labels.characters.items()) == [("a", 2), ("b", 2), (" ", 1), ("ж", 1)]
    assert labels.scripts == {"Latin": 4, "spaces": 1, "Cyrillic": 1}
    assert (found.doubles.contents, found.broken.count, found.animated.count, found.index) == (0, 0, 0, ())
    size = path.stat().st_size if path.is_file() else sum(map(len, files.values()))
    assert found.size_bytes == (len(files["labels.tsv"]) if kind == "label file" else size)


def test_names_that_are_labels(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", {"74853.png": png(picture(0)), "1.png": png(picture(1))})
    found = described(f"names:{tmp_path / 'set'}")
    assert found.labels is not None
    assert found.labels.characters == {"1": 1, "3": 1, "4": 1, "5": 1, "7": 1, "8": 1}
    assert found.size_bytes > 0


def test_a_name_that_is_no_utf_8_is_spelled_out(tmp_path: Path) -> None:
    found = described(write_folder(tmp_path / "set", {"caf\udce9.png": b"broken"}))
    assert found.broken.examples == (r"caf\udce9.png",)


def test_classes(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": png(picture(i)) for name, count in (("cat", 3), ("owl", 1)) for i in range(count)}
    found = described(write_folder(tmp_path / "set", files))
    assert (found.kind, found.classes, found.labels) == ("class", {"cat": 3, "owl": 1}, None)
    assert (found.doubles.contents, found.doubles.images, found.doubles.contradicting) == (1, 2, 1)
    (example,) = found.doubles.examples
    assert (example.images, example.labels) == (("cat/0.png", "owl/0.png"), ("cat", "owl"))


def test_arrays(tmp_path: Path) -> None:
    pictures = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    np.savez(tmp_path / "set.npz", x=pictures, y=np.array([0, 2, 2, 1]), vectors=np.zeros((4, 2)))
    found = described(tmp_path / "set.npz")
    assert (found.kind, found.images, found.classes) == ("class", 4, {"0": 1, "1": 1, "2": 2})
    assert (found.vector_names, found.sizes.height) == (("v0", "v1"), all_of(8))


def test_images_without_labels_and_what_is_broken_or_moves(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "moves.gif", save_all=True, append_images=[picture(2)])
    moving = (tmp_path / "moves.gif").read_bytes()
    same = png(picture(5))
    found = described(
        write_folder(
            tmp_path / "set", {"a.gif": moving, "b.png": same[:30], "c.png": same, "d.png": same, "e.png": b""}
        )
    )
    assert (found.kind, found.images, found.labels) == ("unlabelled", 5, None)
    assert (found.broken.count, found.broken.examples) == (2, ("b.png", "e.png"))
    assert (found.animated.count, found.animated.examples) == (1, ("a.gif",))
    (double,) = found.doubles.examples
    assert (double.images, double.labels, double.count, double.contradicting) == (("c.png", "d.png"), (), 2, False)


def test_a_set_of_nothing_but_broken_images_has_no_sizes(tmp_path: Path) -> None:
    found = described(write_folder(tmp_path / "set", {"a.png": b"no image"}))
    assert (found.broken.count, found.sizes.height, found.sizes.widths_at_32) == (1, None, ())


def test_clips(tmp_path: Path) -> None:
    write_stills(tmp_path / "set" / "run" / "one", grey_stills(3))
    write_stills(tmp_path / "set" / "walk" / "two", grey_stills(4))
    found = described(tmp_path / "set")
    assert (found.kind, found.images, found.classes) == ("class", 2, {"run": 1, "walk": 1})
    assert (found.sizes.width, found.animated.count) == (all_of(16), 0)
    assert described(f"clips:{tmp_path / 'set' / 'run'}").kind == "unlabelled"


def test_lmdbs(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb")
    for part, texts in (("MJ", ["a"]), ("ST", ["b", "c"])):
        (tmp_path / "set" / part).mkdir(parents=True)
        database = lmdb.open(str(tmp_path / "set" / part), map_size=1 << 20)
        with database, database.begin(write=True) as transaction:
            transaction.put(b"num-samples", str(len(texts)).encode())
            for number, text in enumerate(texts, 1):
                transaction.put(b"image-%09d" % number, png(picture(number)))
                transaction.put(b"label-%09d" % number, text.encode())
    found = described(tmp_path / "set")
    assert (found.images, found.doubles.contents, found.doubles.contradicting) == (3, 1, 1)
    assert "read as one set of 2 LMDBs" in found.remarks[0]


def test_shards_of_samples(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for number, text in enumerate(("ab", "c")):
        files = {f"{number}.png": png(picture(number)), f"{number}.txt": text.encode()}
        write_tar(tmp_path / "set" / f"{number}.tar", files)
    found = described(tmp_path / "set")
    assert found.labels is not None
    assert (found.images, found.labels.characters) == (2, {"a": 1, "b": 1, "c": 1})


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    images = [{"bytes": png(picture(i)), "path": f"{i}.png"} for i in range(2)]
    parquet.write_table(pyarrow.table({"image": images, "text": ["é", "é"]}), tmp_path / "set.parquet")
    found = described(tmp_path / "set.parquet")
    assert found.labels is not None
    assert (found.images, found.labels.different, found.labels.characters) == (2, 1, {"é": 2})


def test_invisible_marks_are_among_the_remarks(tmp_path: Path) -> None:
    found = described(write_folder(tmp_path / "set", labelled(["a\u200bb"])))
    assert "U+200B" in found.remarks[0]


def test_what_two_sets_share(tmp_path: Path) -> None:
    first = write_tar(tmp_path / "a.tar", labelled(["a", "b", "c"]))
    images = {"x.png": png(picture(9)), "y.png": png(picture(1)), "z.png": png(picture(1)), "w.png": b""}
    second = write_folder(tmp_path / "b", images)
    shared = described(first, second).shared
    assert shared is not None
    assert (shared.images, shared.images_there, shared.examples) == (1, 2, ("images/1.png",))
    assert shared.data == str(second)
    assert described(first).shared is None


def test_where_the_index_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "KEPT_FROM", 3)
    path = write_tar(tmp_path / "a.tar", labelled(["a", "b", "c"]))
    (folder,) = described(path).index
    assert folder.is_relative_to(tmp_path / "cache")
    assert described(path).index == (folder,)
