"""Advice whether a longer training would help, from the curve of this one."""

from __future__ import annotations

from crnn_deploy.report.run.report import TrainingPoint

_WORTH_IT = 0.002
_NEARLY_NONE = 0.0005


def advice(points: tuple[TrainingPoint, ...]) -> str:
    """One sentence, from the validation error over the last third of the epochs; epochs for INT8 do not count."""
    plain = [point for point in points if not point.quantized]
    errors = [point.validation_error for point in plain if point.validation_error is not None]
    if len(errors) < 3:
        return "The training was too short to say whether a longer one would help: try --set distill.epochs=N."
    before = min(errors[: -(len(errors) // 3)])
    after = min(errors)
    epochs = len(errors)
    if before - after > _WORTH_IT:
        return (
            f"The validation error still fell from {before:.1%} to {after:.1%} over the last third of the {epochs} "
            f"epochs, so a longer run should read better: try --set distill.epochs={2 * epochs}."
        )
    if after < _NEARLY_NONE:
        return f"The validation error has settled at {after:.1%}: a longer training would not lower it."
    return (
        f"The validation error has settled at {after:.1%} over the last third of the {epochs} epochs, so a longer run "
        "alone would help little: use more or more varied images, or a wider student (distill.student.width)."
    )
