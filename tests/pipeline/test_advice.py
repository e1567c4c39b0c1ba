"""The sentence on a longer run comes from the curve."""

from __future__ import annotations

from crnn_deploy.pipeline.advice import advice
from crnn_deploy.report.run.report import TrainingPoint


def curve(*errors: float) -> tuple[TrainingPoint, ...]:
    return tuple(TrainingPoint(epoch=i + 1, loss=1.0, validation_error=e) for i, e in enumerate(errors))


def test_a_falling_curve_asks_for_more() -> None:
    text = advice(curve(0.5, 0.3, 0.2, 0.15, 0.1, 0.08))
    assert "from 15.0% to 8.0%" in text
    assert "distill.epochs=12" in text


def test_epochs_with_the_rounding_of_int8_tell_nothing() -> None:
    falling = curve(0.5, 0.3, 0.2, 0.15, 0.1, 0.08)
    rounded = [point.model_copy(update={"quantized": True}) for point in curve(*[0.08] * 5)]
    assert advice((*falling, *rounded)) == advice(falling)


def test_a_settled_curve_asks_for_something_else() -> None:
    assert "settled at 10.0%" in advice(curve(0.5, 0.2, 0.1, 0.1, 0.101, 0.1))


def test_a_curve_of_two_points_says_nothing_certain() -> None:
    assert "too short" in advice(curve(0.5, 0.2))


def test_nothing_is_asked_of_a_student_without_errors() -> None:
    assert (
        advice(curve(0.5, 0.0, 0.0, 0.0))
        == "The validation error has settled at 0.0%: a longer training would not lower it."
    )
