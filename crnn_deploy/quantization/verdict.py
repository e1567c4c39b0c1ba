"""Whether the best candidate of a quantization may ship."""

from __future__ import annotations

from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.realised import RealisedPrecision
from crnn_deploy.quantization.record import QuantizationRecord


def complaint_about(
    config: QuantizeConfig, record: QuantizationRecord, accepted: bool, realised: RealisedPrecision | None
) -> tuple[str, str] | None:
    """What is wrong with the best candidate, and why; None where it passes."""
    if not accepted:
        change = record.reading.change
        interval = f"{100 * change.delta:+.2f} points [{100 * change.low:+.2f}, {100 * change.high:+.2f}]"
        if config.max_drop is None:
            return (
                f"INT8 breaks {config.model}: the error changes by {interval}, and {record.reading.same_text:.1%} of "
                f"{record.held_out_images} images read as before.",
                "This is the best of all calibrators, with the most sensitive layers in FP32. Its activations need a "
                "wider range than 8 bits span.",
            )
        return (
            f"No INT8 form of {config.model} keeps the budget of {config.max_drop:g} points.",
            f"The best one's error changes by {interval} on {record.held_out_images} images; more of them (--held-out) "
            "narrow the interval.",
        )
    if record.speed and record.speed[-1].speedup <= 1:
        trial = record.speed[-1]
        return (
            f"INT8 makes {config.model} no faster on this machine.",
            f"It takes {trial.candidate_ms:.3g} ms for an image {trial.width} pixels wide, its parent "
            f"{trial.parent_ms:.3g} ms.",
        )
    if realised is not None and not realised.int8:
        return (
            f"ONNX Runtime runs nothing of {config.model} in INT8 here.",
            f"It runs {realised.fp32} in FP32. Recurrent layers need the compiled kernels: see crnn-deploy doctor.",
        )
    return None
