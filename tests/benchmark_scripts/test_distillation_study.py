"""The study of distillation does each run once, goes on where it was, and compares on the same images."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from pathlib import Path

import pytest
import study
from materials import Material, training_data
from methods import LABELS, Method
from runs import Record, Run, planned
from study_tables import as_table, rows_of
from tiny_crnn import image_folder, register, tiny_artifact, tiny_spec

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.training.losses.options import CtcOptions, FrameKlOptions

PLAIN = Method(LABELS, (CtcOptions(),), precisions=("fp32", "int8"))
GUIDED = Method("+ frame KL", (CtcOptions(), FrameKlOptions()))
TRUTH = ("ab", "cd", "ef", "gh")


def material(name: str = "lines", sampled: int | None = None) -> Material:
    return Material(
        name=name,
        train=f"{name}.tar",
        evaluation=f"{name}-val",
        teacher="package:nothing/teacher.onnx",
        student={},
        figures=("word_accuracy", "cer"),
        methods=(PLAIN, GUIDED),
        sampled=sampled,
    )


def lines_of_text(folder: Path, count: int) -> Path:
    files = sorted(image_folder(folder, count).iterdir())
    labels = [f"{file.name}\t{TRUTH[i % len(TRUTH)]}\n" for i, file in enumerate(files)]
    (folder / "labels.tsv").write_text("".join(labels))
    return folder


def reading(texts: tuple[str, ...]) -> Evaluation:
    names = [f"{i}.png" for i in range(len(texts))]
    read = tuple(Prediction(item=n, reference=r, text=t) for n, r, t in zip(names, TRUTH, texts, strict=True))
    facts = DatasetFacts(name="lines", count=len(read), kind="text", fingerprint="0")
    accuracy = Accuracy(ci95={}, count=len(read))
    return Evaluation(artifact="a", runtime="r", dataset=facts, accuracy=accuracy, predictions=read)


def record(method: Method, seed: int, fp32: tuple[str, ...], int8: tuple[str, ...] | None = None) -> Record:
    evaluations = {"fp32": reading(fp32), **({"int8": reading(int8)} if int8 else {})}
    return Record(material="lines", method=method.name, seed=seed, seconds=1, evaluations=evaluations)


def test_an_unfinished_study_has_something_of_everything() -> None:
    runs = list(planned([material("a"), material("b")], seeds=2))
    assert [(run.material.name, run.seed) for run in runs[:4]] == [("a", 0), ("a", 0), ("b", 0), ("b", 0)]
    assert len({run.name for run in runs}) == len(runs) == 8


def test_a_change_is_against_labels_of_the_same_seeds_and_precision() -> None:
    worse = ("ab", "cd", "xx", "xx")
    records = [
        record(PLAIN, 0, worse, TRUTH),
        record(PLAIN, 1, ("xx", "xx", "xx", "xx"), worse),  # no student of the other method has this seed
        record(GUIDED, 0, ("ab", "cd", "ef", "xx")),
    ]
    plain, plain_int8, guided = rows_of(material(), records)
    assert plain["figures"]["word_accuracy"]["mean"] == 0.25
    assert plain["figures"]["word_accuracy"]["change"] is None
    assert plain_int8["figures"]["word_accuracy"]["seeds"] == {0: 1.0, 1: 0.5}
    change = guided["figures"]["word_accuracy"]["change"]
    assert change["delta"] == pytest.approx(0.25)
    assert 0 <= change["low"] < 0.25 < change["high"] <= 1
    assert guided["figures"]["cer"]["change"]["delta"] == pytest.approx(-0.25)


def test_seeds_that_agree_make_an_interval_no_narrower() -> None:
    """An image takes all its seeds with it."""
    pair = [record(PLAIN, 0, ("ab", "xx", "xx", "xx"), TRUTH), record(GUIDED, 0, ("ab", "cd", "xx", "xx"))]
    again = [one.model_copy(update={"seed": 1}) for one in pair]
    once, twice = (rows_of(material(), records)[-1]["figures"]["word_accuracy"] for records in (pair, pair + again))
    assert once["change"] == twice["change"]
    assert len(twice["seeds"]) == 2


def test_luck_with_one_seed_shows_in_the_interval() -> None:
    nothing = ("", "", "", "")
    plain = [record(PLAIN, seed, nothing, TRUTH) for seed in range(3)]
    lucky = [record(GUIDED, seed, TRUTH if seed == 0 else nothing) for seed in range(3)]
    steady = [record(GUIDED, seed, TRUTH) for seed in range(3)]
    by_luck, always = (rows_of(material(), plain + own)[-1]["figures"]["word_accuracy"] for own in (lucky, steady))
    assert by_luck["change"] == {"delta": pytest.approx(1 / 3), "low": 0, "high": 1}
    assert always["change"] == {"delta": 1, "low": 1, "high": 1}


def test_a_table_has_what_is_there() -> None:
    rows = rows_of(material(), [record(PLAIN, 0, TRUTH, TRUTH)])
    table = as_table(material(), rows)
    assert table.count(LABELS) == 2
    assert GUIDED.name not in table


def test_a_sample_keeps_files_and_labels(tmp_path: Path) -> None:
    lines = lines_of_text(tmp_path / "lines", 6)
    with tarfile.open(tmp_path / "lines.tar", "w") as archive:
        for file in sorted(lines.iterdir()):
            archive.add(file, file.name)
    part = open_source(training_data(material(sampled=3), tmp_path, tmp_path / "work"))
    whole = open_source(str(tmp_path / "lines.tar"))
    known = {whole.content_hash(i): whole.text(i) for i in range(len(whole))}
    assert len(part) == 3
    assert set(known.values()) == set(TRUTH)
    assert all(known[part.content_hash(i)] == part.text(i) for i in range(len(part)))


def test_a_study_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    lines_of_text(tmp_path / "lines-val", 4)
    work = tmp_path / "work"
    work.mkdir()
    teacher = tiny_artifact(work, tiny_spec()).path.rename(work / "lines-teacher.safetensors")
    lines = dataclasses.replace(material(), teacher={"model": "crnn-bilstm"})
    made: list[str] = []

    def stub(run: Run, given: Path, _train: str, _evaluation: str, _work: Path, _progress: Progress) -> Record:
        assert given == teacher
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(run.name)
        return record(run.method, run.seed, TRUTH, TRUTH)

    with pytest.raises(KeyboardInterrupt):
        study.study([lines], tmp_path, work, 2, stub, SILENT)
    made.clear()
    study.study([lines], tmp_path, work, 2, stub, SILENT)
    assert made == ["lines-1-1"]
    study.write([lines], work, tmp_path / "study")
    rows = json.loads((tmp_path / "study.json").read_text())["rows"]
    assert [row["method"] for row in rows] == ["teacher", LABELS, LABELS, GUIDED.name]
    assert "## lines\n" in (tmp_path / "study.md").read_text()
