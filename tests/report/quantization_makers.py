"""Makers of quantization records with invented, easily recognised figures."""

from __future__ import annotations

from typing import Any

from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.quantization.calibration.calibrators import TensorCalibration
from crnn_deploy.quantization.record import (
    CalibratorTrial,
    LayerPlacement,
    LayerSensitivity,
    QuantizationRecord,
    SpeedTrial,
)
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision


def comparison(
    delta: float = 0.0005, spread: float = 0.0009, noise_db: float = 21.5, same: float = 0.987
) -> ModelComparison:
    return ModelComparison(
        images=1000,
        changed=round(1000 * (1 - same)),
        not_finite=0,
        max_difference=0.5,
        relative_difference=0.01,
        noise_db=noise_db,
        error=0.14 + delta,
        difference=Difference(figure="cer_ci", delta=delta, low=delta - spread, high=delta + spread),
    )


def tensor(name: str, low: float = 0.0, high: float = 6.0, reach: float = 1.2, **changes: Any) -> TensorCalibration:
    """Covered from `low` to `high`, observed `reach` times as far."""
    facts = {"count": 4_096_000, "lowest": reach * low, "highest": reach * high, "low": low, "high": high}
    return TensorCalibration(name=name, **facts | {"saturated": 0.00002, "outliers": 1.7, "levels": 201.0} | changes)


def make_record(**changes: Any) -> QuantizationRecord:
    """A model of one convolution, of which nothing but the accuracy was measured."""
    facts: dict[str, Any] = {
        "target": "cpu", "calibrator": "minmax", "reference": "labels", "figure": "cer_ci", "calibration_images": 500,
        "held_out_images": 1891, "comparison": comparison(),
        "realised": RealisedPrecision(int8={"QLinearConv": 1}, fp32={}, conversions=2),
        "layers": (LayerPlacement(layer="/stem/Conv", op="Conv", precision="int8"),), "tensors": (),
    }  # fmt: skip
    return QuantizationRecord(**facts | changes)


def sensitivity(layer: str, delta: float, noise_db: float, op: str = "Conv") -> LayerSensitivity:
    return LayerSensitivity(layer=layer, op=op, comparison=comparison(delta, 0.0006, noise_db, 1 - 2 * abs(delta)))


def full_record(blocks: int = 3) -> QuantizationRecord:
    """All was tried and measured on a network of so many depthwise-separable blocks and a GRU."""
    place = LayerPlacement
    depthwise = [f"/backbone/blocks/blocks.{n}/layers/layers.0/layers.0.0/Conv" for n in range(blocks)]
    pointwise = [f"/backbone/blocks/blocks.{n}/layers/layers.1/layers.1.0/Conv" for n in range(blocks)]
    gru, head, stem = "/sequence/rnn/GRU", "/head/MatMul", "/backbone/stem/Conv"
    layers = [
        place(layer=stem, op="Conv", precision="fp32", reason="too sensitive for the budget"),
        *(place(layer=n, op="Conv", precision="fp32", reason="slower in INT8 here") for n in depthwise),
        *(place(layer=name, op="Conv", precision="int8") for name in pointwise),
        place(layer=gru, op="GRU", precision="int8"),
        place(layer=head, op="MatMul", precision="int8"),
    ]
    costs = [(stem, 0.0041, 11.2), *((n, 0.0016 / (i + 1), 17 + i / 4) for i, n in enumerate(pointwise))]
    costs += [(n, -0.0001 * (i % 3), 24 + i / 3) for i, n in enumerate(depthwise)]
    outputs = [name for pair in zip(depthwise, pointwise, strict=True) for name in pair]
    return make_record(
        calibrator="mse",
        max_error_rise=0.003,
        kernel="avx512vnni",
        trials=tuple(
            CalibratorTrial(calibrator=name, comparison=comparison(delta, noise_db=noise))
            for name, delta, noise in [
                ("minmax", 0.081, 6.5), ("percentile", 0.0031, 15.1), ("entropy", 0.0062, 14.0), ("mse", 0.0012, 18.2),
            ]
        ),
        sensitivity=(
            *(sensitivity(*cost) for cost in costs), sensitivity(gru, 0.0, 31.0, "GRU"),
            sensitivity(head, 0.0, 44.0, "MatMul"),
        ),
        layers=tuple(layers),
        speed=(
            SpeedTrial(plan="all", width=320, parent_ms=4.81, candidate_ms=5.02),
            SpeedTrial(plan="recurrent", width=320, parent_ms=4.80, candidate_ms=3.97),
            SpeedTrial(plan="mixed", width=320, parent_ms=4.80, candidate_ms=2.01),
        ),
        realised=RealisedPrecision(
            int8={"QLinearConv": blocks, "QGRU": 1, "MatMulIntegerToFloat": 1},
            fp32={"Conv": blocks + 1},
            conversions=2 * blocks,
        ),
        tensors=(
            tensor("image", -1.0, 1.0, 1.0),
            tensor("/backbone/stem/Conv_output_0", -3.1, 4.2, 14, saturated=0.0132, outliers=14.2, levels=240.0),
            *(
                tensor(f"{name}_output_0", -0.2 * (n % 2) * (n % 7), 0.3 + (n * 7919 % 23), 1 + n % 5 / 4)
                for n, name in enumerate(outputs)
            ),
            tensor("/sequence/Transpose_output_0", -0.4, 180.0, 1.0, saturated=0.0, outliers=9.5, levels=22.0),
        ),
    )  # fmt: skip
