from __future__ import annotations

from report.makers import engine_record, make_report, variant

from crnn_deploy.report.run.engines import engines_summary, engines_table
from crnn_deploy.report.run.report import Report

NO_LAYERS = {"layers": ({"kind": "matmul", "precision": "int8", "count": 9},)}
LOOP = {"name": "rnn", "op": "GRU", "hidden": 2000, "directions": 1, "home": "loop", "reason": "too large"}


def facts(*records, status="unproven") -> dict[str, list[str]]:
    """Label → what the table says of each engine."""
    names = [f"engine-{n}" for n in range(len(records))]
    report = make_report(
        variant("baseline", "baseline"), *(variant(name, status) for name in names),
        engines=dict(zip(names, records, strict=True)),
    )  # fmt: skip
    table = engines_table(report)
    assert [cell.text for cell in table.columns] == ["Engine", *names]
    shown = [[f"{cell.text} ({cell.detail})" if cell.detail else cell.text for cell in row] for row in table.rows]
    return {label.replace("\u00a0", " "): [text.replace("\u00a0", " ") for text in texts] for label, *texts in shown}


def test_all_that_is_known_without_a_gpu() -> None:
    assert facts(engine_record()) == {
        "Built by": ["TensorRT-RTX 1.7.1 (in 0.500 s)"],
        "Runs on": ["sm86, sm89"],
        "Layers in FP16": ["14 convolution, 2 plugin, 1 pointwise"],
        "Layers in FP32": ["3 pointwise"],
        "Recurrent layers": ["2 in the plugin"],
        "Size": ["4.00 MB (2.00 MB of it the plugin library)"],
        "Same answer": ["199 of 200 images (with FP16's rounding)"],
        "Takes": ["1–16 images, 16–356 px wide; 1 image, 360–1024 px wide"],
    }


def test_engines_side_by_side_show_what_one_of_them_lacks() -> None:
    bare = engine_record(**NO_LAYERS, recurrent=(LOOP,), parity=None, plugin=None, plugin_bytes=0)
    shown = facts(engine_record(), bare)
    assert list(shown)[2:5] == ["Layers in INT8", "Layers in FP16", "Layers in FP32"]
    assert shown["Layers in INT8"] == ["—", "9 matmul"]
    assert shown["Recurrent layers"][1] == "1 in a loop of TensorRT's (too large)"
    assert shown["Size"][1] == "4.00 MB"
    assert shown["Same answer"][1] == "—"


def test_precisions_that_nobody_asked_for_are_shown_too() -> None:
    odd = engine_record(layers=({"kind": "matmul", "precision": "tf32", "count": 2},))
    assert facts(odd)["Layers in TF32"] == ["2 matmul"]


def test_the_summary_names_what_did_not_run(report: Report) -> None:
    assert "engine-fp16 did not run here" in engines_summary(report)
    run = make_report(variant("a", "baseline"), variant("b"), engines={"b": engine_record()})
    assert "did not run" not in engines_summary(run)
