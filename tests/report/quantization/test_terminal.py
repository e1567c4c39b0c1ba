from __future__ import annotations

import io

import pytest
from report.quantization_makers import full_record, make_record, tensor
from rich.console import Console

from crnn_deploy.quantization.record import LayerPlacement, QuantizationRecord
from crnn_deploy.report.quantization.terminal import quantization_tables


def printed(record: QuantizationRecord, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(quantization_tables(record))
    return console.file.getvalue()


def test_what_was_not_tried_or_measured_is_left_out() -> None:
    text = printed(make_record(trials=full_record().trials[:1], tensors=(tensor("fine"),)), 200)
    assert len(text.splitlines()) == 1
    assert text.startswith("✓ CER +0.05 points")


@pytest.mark.parametrize("blocks", [3, 60])
def test_it_stays_short_fits_80_columns_and_breaks_no_figure(blocks: int) -> None:
    text = printed(full_record(blocks))
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) < 60
    assert "+0.41 (+0.35 … +0.47)" in text
    assert "−43.4 … 58.8" in text
    assert "…" not in text.replace(" … ", "")


def test_each_section_says_what_it_is_about() -> None:
    text = printed(full_record(20), 120)
    for name in ("minmax", "percentile", "entropy", "mse"):
        assert name in text
    assert "and 33 more" in text  # of 43 layers
    assert "20 × Conv  slower in INT8 here" in text
    assert "and 17 more" in " ".join(text.split())  # names of those
    assert "sequence/Transpose" in text


def test_a_rejected_model_is_marked_whatever_the_reason() -> None:
    assert printed(make_record(rejected="INT8 makes m.onnx no faster.")).startswith("✗ Rejected: CER +0.05 points")
    assert printed(make_record()).startswith("✓ CER")


def test_names_cannot_inject_console_markup() -> None:
    layer = LayerPlacement(layer="[red]a[/]", op="[b]", precision="fp32", reason="[link=x]b[/link]")
    text = printed(make_record(layers=(layer,), tensors=(tensor("[i]t[/i]", outliers=99.0),)), 200)
    assert "[link=x]b[/link]" in text
    assert "1 × [b]" in text
    assert "[i]t[/i]" in text
