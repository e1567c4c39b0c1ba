"""A whole run: its results, and what it tells where something is missing or nothing is proved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import stopwatches
from PIL import Image
from pipeline.runs import FILES, TINY, stages
from typer.testing import CliRunner

from crnn_deploy.artifact import open_artifact, read_onnx, write_safetensors
from crnn_deploy.cli.app import app
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.run import run
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.quantization import quantize as quantizer
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.spec import ModelSpec

pytestmark = pytest.mark.usefixtures("fast_enough")
WriteRecipe = Callable[..., Path]


def test_a_run_from_checkpoint_to_report(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    timing = {"rounds": 10, "warmup": 1, "lines": 8}
    result = run(RunConfig(recipe=write_recipe(benchmark=timing), out=tmp_path / "out"))
    assert [variant.name for variant in result.report.variants] == [
        "baseline",
        "baseline-onnx",
        "student",
        "student-int8",
    ]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    for variant in report["variants"]:
        assert Path(variant["path"]).stat().st_size == variant["size_bytes"]
        assert {"cer", "cer_ci", "word_accuracy", "ci95"} <= variant["accuracy"].keys()
        assert {"runtime", "threads", "batch", "width", "p50_ms", "p90_ms", "p99_ms"} <= variant["latency"][0].keys()
        assert variant["gate"]["reason"]
    assert {path.name for path in (tmp_path / "out").iterdir()} - {"predictions"} == {  # with the extra `parquet`
        *FILES, "stages", "manifest.json", "report.json", "report.md", "report.html", "wrong.html",
        "student.int8.html",
    }  # fmt: skip
    assert tmp_path / "out" / "student.int8.html" in result.written.files
    (kept,) = (tmp_path / "out" / "stages").glob("quantize-*/record.json")
    record = QuantizationRecord.model_validate_json(kept.read_text())
    assert {f"{op} INT8": count for op, count in record.realised.int8.items()}.items() <= (
        result.report.realised["student-int8"].items()
    )
    assert record.rejected is None
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["artifacts"]["student-int8"]["path"] == "student.int8.onnx"
    assert result.report.training[-1].epoch == 2
    assert result.report.rendered is True
    costs = {variant.name: variant.reading for variant in result.report.variants}
    assert costs.pop("baseline") is None  # it runs in PyTorch
    assert all(cost is not None and cost.lines == 8 for cost in costs.values())
    assert result.report.errors is not None
    assert result.report.errors.images == 16
    assert len(result.report.errors.wrong) == result.report.errors.wrong_images
    assert result.report.errors.rejections


def test_the_report_tells_which_layers_of_the_quantized_model_run_in_fp32(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ConvolutionsLose)
    monkeypatch.setattr(quantizer, "complaint_about", lambda *_: None)  # without kernels nothing would run in INT8
    notes = run(RunConfig(recipe=write_recipe(), out=tmp_path / "out")).report.notes
    assert any(
        re.fullmatch(r"student-int8 runs \d+ of its \d+ layers in FP32: slower in INT8 here\.", n) for n in notes
    )


def test_a_missed_budget_is_told_and_everything_is_there(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    result = run(RunConfig(recipe=write_recipe(budget={"max_error": 0.0}), out=tmp_path / "out"))
    assert result.rejected == ["student", "student-int8"]
    assert result.report.shipped.name == "baseline"
    assert "at most 0.00%" in result.report.variants[2].gate.reason
    assert (tmp_path / "out" / "student.int8.onnx").exists()


def test_a_baseline_that_reads_nothing_proves_nothing(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    shown = CliRunner().invoke(app, ["run", str(write_recipe()), "--out", str(tmp_path / "out")])
    assert shown.exit_code == 1
    assert shown.stdout.startswith("Don't ship. Nothing is proved: the baseline reads ")
    assert "passed" not in shown.stdout
    assert "Nothing is proved: baseline reads" in shown.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["unproven"].startswith("reads ")
    assert {v["gate"]["status"] for v in report["variants"] if v["stage"] in ("distill", "quantize")} == {"unproven"}


def test_calibration_must_not_share_images_with_the_evaluation(
    tmp_path: Path, write_recipe: WriteRecipe, recipe_data: dict[str, dict[str, object]]
) -> None:
    sources = recipe_data["sources"]
    recipe = write_recipe(sources={**sources, "calibration": sources["evaluation"]})
    with pytest.raises(InputError, match="calibration and evaluation sets share 16 images"):
        run(RunConfig(recipe=recipe, out=tmp_path / "out"))
    assert not (tmp_path / "out" / "report.json").exists()


def test_an_onnx_baseline_ships_with_its_external_data(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    run(RunConfig(recipe=write_recipe(), out=tmp_path / "first"))
    model = read_onnx(tmp_path / "first" / "baseline.onnx")
    external = {"save_as_external_data": True, "location": "weights.data", "size_threshold": 0}
    onnx.save(model, tmp_path / "large.onnx", **external)
    recipe = write_recipe(baseline={"checkpoint": str(tmp_path / "large.onnx")})
    result = run(RunConfig(recipe=recipe, out=tmp_path / "out"))
    baseline = result.report.baseline
    assert (tmp_path / "out" / "weights.data").read_bytes() == (tmp_path / "weights.data").read_bytes()
    assert baseline.size_bytes == sum((tmp_path / name).stat().st_size for name in ("large.onnx", "weights.data"))
    assert [variant.name for variant in result.report.variants] == ["baseline", "student", "student-int8"]


def test_a_missing_checkpoint_or_package(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    for checkpoint, message in (("none.pth", "does not exist"), ("package:no_such_package/x.pth", "not installed")):
        with pytest.raises(InputError, match=message):
            run(RunConfig(recipe=write_recipe(baseline={"checkpoint": checkpoint}), out=tmp_path / "out"))


def test_a_classifier_goes_the_same_way(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    rng = np.random.default_rng(0)
    for name, count in (("train", 60), ("val", 30)):
        classes = rng.integers(0, 2, count)
        images = rng.integers(0, 90, (count, 16, 16), np.uint8)
        images[classes == 1, :, 8:] += 150  # the second class is bright on the right
        np.savez(tmp_path / f"{name}.npz", x=images, y=classes)
    recipe = write_recipe(
        baseline={"train": {"model": {"family": "cnn-gru", "channels": 4, "hidden": 8}, "epochs": 1}},
        sources={"train": str(tmp_path / "train.npz"), "evaluation": str(tmp_path / "val.npz")},
        distill={**TINY, "epochs": 8, "losses": [{"kind": "cross-entropy"}, {"kind": "hinton-kd", "until": 0.2}]},
        budget={"max_error": 0.2, "max_error_rise": 0.0, "max_error_rise_over_parent": 0.2, "min_speedup": 0.01},
    )
    report = run(RunConfig(recipe=recipe, out=tmp_path / "out")).report
    student = report.variants[2]
    assert student.accuracy is not None
    assert student.accuracy.top1 is not None
    assert student.accuracy.top1 > 0.8
    assert student.accuracy.cer is None
    assert report.variants[0].stage == "train"
    assert report.confusion is not None
    assert report.confusion.variant == report.shipped.name
    assert sum(map(sum, report.confusion.counts)) == 30


def test_a_student_that_int8_does_not_suit_is_reported_in_fp32(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = write_recipe(), tmp_path / "out"
    run(RunConfig(recipe=recipe, out=out))
    assert (out / "student.int8.onnx").exists()
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
    result = run(RunConfig(recipe=recipe, out=out, settings=("quantize.samples=9",)))
    assert [variant.name for variant in result.report.variants] == ["baseline", "baseline-onnx", "student"]
    assert "student-int8" in result.rejected
    assert "student-int8 does not ship. INT8 makes" in result.report.notes[0]
    assert not (out / "student.int8.onnx").exists()  # the one of the run before
    (kept,) = (out / "stages").glob("quantize-*/student.int8.rejected.onnx")
    assert str(kept) in result.report.notes[0]
    assert "Rejected" in (out / "student.int8.html").read_text()


def test_teachers_teach_and_the_student_is_held_against_the_baseline(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    plain = ModelSpec(name="teacher", charset="ABCD", preprocessing=Preprocessing(height=32))
    spec = student_spec("teacher", StudentChoice(width=0.25, hidden=8), plain)
    teacher = write_safetensors(tmp_path / "teacher.safetensors", build(spec).state_dict(), spec)
    distill = {**TINY, "epochs": 1, "warm_start": str(teacher.path), "losses": [{"kind": "ctc"}, {"kind": "frame-kl"}]}
    recipe = write_recipe(teachers=[{"checkpoint": str(teacher.path)}], distill=distill)
    result = run(RunConfig(recipe=recipe, out=tmp_path / "out"))
    assert result.report.variants[0].name == "baseline"
    made = open_artifact(tmp_path / "out" / "student.safetensors").spec.lineage[-1]
    assert list(made.notes["taught_by"].values()) == ["teacher"]
    assert made.notes["warm_start"] == teacher.sha256
    assert result.report.comparisons[1].parent == "baseline"


def test_a_language_model_of_the_training_labels_goes_into_every_student(
    tmp_path: Path, write_recipe: WriteRecipe
) -> None:
    path = write_recipe(language={"order": 3}, evaluate={"resamples": 50})
    result = run(RunConfig(recipe=path, out=tmp_path / "out"))
    assert "language" in stages(tmp_path / "out")
    for variant in result.report.variants:
        spec = open_artifact(Path(variant.path)).spec
        assert (spec.language_model is not None) == variant.name.startswith("student")
    assert result.report.training[-1].epoch == 2


def test_a_language_model_needs_labels(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    unlabelled = tmp_path / "unlabelled"
    unlabelled.mkdir()
    for index in range(8):
        Image.new("L", (40 + index, 32), 255).save(unlabelled / f"{index}.png")
    images = {"train": str(unlabelled), "evaluation": {"render": {"count": 4, "seed": 2, "charset": "ABCD"}}}
    with pytest.raises(InputError, match="no texts for the language model"):
        run(RunConfig(recipe=write_recipe(language={}, sources=images), out=tmp_path / "out"))
    assert not list((tmp_path / "out" / "stages").glob("distill-*"))
