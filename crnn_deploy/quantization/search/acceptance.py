"""Decide whether the best candidate of a quantization may ship."""

from __future__ import annotations

from crnn_deploy import units
from crnn_deploy.benchmark.wording import disturbance, speedup_interval
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.record import QuantizationRecord, SpeedTrial
from crnn_deploy.quantization.search.fastest_plan import CLEARLY_FASTER, gains_little


def complaint_about(config: QuantizeConfig, record: QuantizationRecord, accepted: bool) -> tuple[str, str] | None:
    """Why the best candidate may not ship, and the cause; None where it may.

    Args:
        accepted: whether it keeps the cap on the error.
    """
    if not accepted:
        return _inaccurate(config, record)
    if config.max_error_rise is not None and record.comparison.unproven:
        return (
            f"The budget of {100 * config.max_error_rise:g} points proves nothing: {config.model} "
            f"{record.comparison.unproven}.",
            "Where the parent makes nothing but errors, INT8 cannot add any. The model, its spec or the images are "
            "wrong.",
        )
    if record.speed and (complaint := _not_faster(config, record.speed[-1])):
        return complaint
    if record.realised is not None and not record.realised.int8:
        return (
            f"ONNX Runtime runs nothing of {config.model} in INT8 here.",
            f"It runs {record.realised.fp32} in FP32. Recurrent layers need the compiled kernels: see crnn-deploy "
            "doctor.",
        )
    return None


def _not_faster(config: QuantizeConfig, trial: SpeedTrial) -> tuple[str, str] | None:
    """Faster is what gains more than 2 %, and something at each end of the interval."""
    speedup = trial.speedup
    if speedup.ratio > CLEARLY_FASTER and speedup.low > 1:
        return None
    times = (
        f"It takes {units.milliseconds(trial.candidate_ms)} for an image {trial.width} pixels wide, its parent "
        f"{units.milliseconds(trial.parent_ms)}"
    )
    if gains_little(speedup):
        return (
            f"INT8 makes {config.model} no faster on this machine.",
            f"{times}; less than {CLEARLY_FASTER - 1:.0%} may be chance.",
        )
    return (
        f"This machine is too noisy to tell whether INT8 makes {config.model} faster.",
        f"{times}: {speedup_interval(speedup)} as fast. {disturbance(trial.interrupted, speedup.spread)}",
    )


def _inaccurate(config: QuantizeConfig, record: QuantizationRecord) -> tuple[str, str]:
    rise = record.comparison.difference
    change = f"{units.points(rise.delta)} points ({units.points(rise.low)} … {units.points(rise.high)})"
    same = units.percent(record.comparison.same_text)
    in_fp32 = sum(layer.precision == "fp32" for layer in record.layers)
    best = f"This is the best candidate found, with {in_fp32} of {len(record.layers)} layers in FP32."
    if record.comparison.not_finite:
        return (
            f"{config.model} or its INT8 form gives NaN or infinite outputs for {record.comparison.not_finite} of "
            f"{record.held_out_images} images.",
            f"Evaluate the model on them first. {best}",
        )
    if config.max_error_rise is None:
        return (
            f"INT8 breaks {config.model}: the error changes by {change}, and {same} of "
            f"{record.held_out_images} images read as before.",
            best,
        )
    return (
        f"No INT8 form of {config.model} keeps the budget of {100 * config.max_error_rise:g} points.",
        f"The error changes by {change} on {record.held_out_images} images; more of them (--held-out) narrow the "
        f"interval. {best}",
    )
