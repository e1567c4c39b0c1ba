"""Every loss that a recipe can name is built, works, and stays finite."""

from __future__ import annotations

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Outputs
from crnn_deploy.training.losses.building import build_loss, check_losses, default_losses, kinds_for
from crnn_deploy.training.losses.options import LossOptions

from .batches import lines, pictures, sure, teacher

OPTIONS: TypeAdapter[LossOptions] = TypeAdapter(LossOptions)
SPECS = {
    "ctc": ModelSpec(name="reader", charset="abcd", preprocessing=Preprocessing(height=32)),
    "classify": ModelSpec(
        name="sorter", task="classify", class_names=tuple("abcde"), preprocessing=Preprocessing(height=8, width=8)
    ),
}
EVERY = [(task, kind) for task in SPECS for kind in kinds_for(task)]  # type: ignore[arg-type]


def options(kind: str, **fields: object) -> LossOptions:
    return OPTIONS.validate_python({"kind": kind, **fields})


def batch(task: str) -> TrainingBatch:
    shown = torch.randn(2, 6, 7, generator=torch.Generator().manual_seed(1))
    if task == "ctc":
        taught = teacher(sure([[0, 1, 0, 2, 2, 0], [3, 0, 3, 0, 0, 0]]), None, [[1, 2], [3, 3]], [1.0, 1.0], shown)
        return lines([6, 4], [[1, 2], [3, 3]], [taught])
    return pictures(2, [1, 4], [teacher(sure([[1, 4]])[0], features=shown[:, 0])])


def student(task: str, scale: float) -> Tensor:
    shape = (2, 6, 5) if task == "ctc" else (2, 5)
    return (scale * torch.randn(shape, generator=torch.Generator().manual_seed(0))).requires_grad_()


@pytest.mark.parametrize(("task", "kind"), EVERY)
@pytest.mark.parametrize("scale", [1.0, 1e4, 0.0])
def test_every_loss_gives_finite_gradients(task: str, kind: str, scale: float) -> None:
    logits = student(task, scale)
    features = logits.expand(*logits.shape)[..., :4] + 0.0
    loss = build_loss(options(kind), SPECS[task], 4, [7])(Outputs(logits, features), batch(task))
    assert loss.shape == ()
    assert torch.isfinite(loss)
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert scale != 1.0 or logits.grad.abs().sum() > 0
    assert loss.item() >= 0


@pytest.mark.parametrize(("task", "kind"), [("classify", "ctc"), ("classify", "pseudo-labels"), ("ctc", "dkd")])
def test_a_loss_of_the_other_task_is_refused(task: str, kind: str) -> None:
    with pytest.raises(InputError, match=f"'{kind}' does not go with a {task} model") as raised:
        check_losses([options(kind)], SPECS[task])
    assert kinds_for(task)[0] in raised.value.fix  # type: ignore[arg-type]


def test_class_weights_are_one_for_each_class() -> None:
    check_losses([options("cross-entropy", weights=[1, 2, 1, 1, 0.5])], SPECS["classify"])
    with pytest.raises(InputError, match="has 2 class weights, and there are 5 classes") as raised:
        check_losses([options("cross-entropy", weights=[1, 2])], SPECS["classify"])
    assert "a, b, c, d, e" in raised.value.fix
    for wrong in ([1, 0, 1, 1, 1], [float("inf")], "even", 3):
        with pytest.raises(ValidationError):
            options("cross-entropy", weights=wrong)


@pytest.mark.parametrize("wrong", [{"kind": "frame-mse"}, {"kind": "ctc", "weight": 0}, {"kind": "ctc", "until": 1.5}])
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OPTIONS.validate_python(wrong)


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_weights_and_shares_may_be_small(share: float) -> None:
    for task, kind in EVERY:
        assert options(kind, weight=share, until=share).weight == share, task
    for kind in ("frame-kl", "hinton-kd", "dist", "dkd"):
        assert options(kind, temperature=share).temperature == share  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "field", "least", "greatest"),
    [
        ("frame-kl", "far_blank", 0, 1),
        ("pseudo-labels", "confidence", 0, 1),
        ("cross-entropy", "label_smoothing", 0, 0.99),
        ("dkd", "target_weight", 0, 100),
        ("dkd", "others_weight", 0, 100),
        ("ctc", "until", 0.001, 1),
    ],
)
def test_shares_end_at_none_and_all(kind: str, field: str, least: float, greatest: float) -> None:
    for value in (least, greatest):
        assert getattr(options(kind, **{field: value}), field) == value
    beyond = [-0.01] + [1.01] * (greatest <= 1)
    for value in beyond:
        with pytest.raises(ValidationError):
            options(kind, **{field: value})


@pytest.mark.parametrize(
    ("kind", "written_out"),
    [
        ("dctc", {"weight": 0.1}),
        ("frame-kl", {"temperature": 1, "selection": "symmetric", "far_blank": 0.1}),
        ("hinton-kd", {"temperature": 1}),
        ("dist", {"temperature": 1}),
        ("dkd", {"temperature": 4, "target_weight": 1, "others_weight": 2}),
        ("cross-entropy", {"label_smoothing": 0.05}),
        ("pseudo-labels", {"confidence": 0.9}),
        ("features", {"metric": "cosine"}),
    ],
)
def test_a_recipe_that_names_just_the_loss_trains_as_before(kind: str, written_out: dict[str, object]) -> None:
    task = next(task for task, some in EVERY if some == kind)
    logits = student(task, 1.0).detach()
    outputs = Outputs(logits, logits[..., :4])

    def weighted(chosen: LossOptions) -> float:
        torch.manual_seed(0)  # the projection of features
        loss: Tensor = build_loss(chosen, SPECS[task], 4, [7])(outputs, batch(task))
        return chosen.weight * loss.item()

    assert weighted(options(kind)) == weighted(options(kind, **{"weight": 1.0, **written_out}))


@pytest.mark.parametrize(
    ("task", "labels", "teachers", "kinds"),
    [
        ("ctc", True, 0, ["ctc"]),
        ("ctc", True, 2, ["ctc", "frame-kl"]),
        ("ctc", False, 1, ["frame-kl", "pseudo-labels"]),
        ("classify", True, 0, ["cross-entropy"]),
        ("classify", True, 1, ["cross-entropy", "hinton-kd"]),
        ("classify", False, 1, ["hinton-kd"]),
    ],
)
def test_defaults_suit_the_data(task: str, labels: bool, teachers: int, kinds: list[str]) -> None:
    losses = default_losses(task, labels, teachers)  # type: ignore[arg-type]
    assert [loss.kind for loss in losses] == kinds
    assert any(loss.until is None for loss in losses)  # something is learned to the end
    beside_labels = [loss for loss in losses if loss.reads == "teachers" and labels and task == "ctc"]
    assert all(loss.until is not None and loss.until <= 0.5 for loss in beside_labels)  # then the labels alone
