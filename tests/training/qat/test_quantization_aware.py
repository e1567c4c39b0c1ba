"""Networks that round as their INT8 form does: against the INT8 form itself, and through training."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.export.torchscript import trace
from crnn_deploy.models.assembly import build
from crnn_deploy.native import kernel_level
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS
from crnn_deploy.quantization.calibration.observation import observe, ranges
from crnn_deploy.quantization.rewrite.assembly import assemble
from crnn_deploy.quantization.rewrite.plan import find_layers, first_plan, tensors_to_calibrate
from crnn_deploy.quantization.rewrite.preparation import prepare
from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.runtime.onnxruntime import open_network
from crnn_deploy.spec import Architecture, ModelSpec
from crnn_deploy.training.qat.quantization_aware import QuantizationAware

SMALL = {"width": 0.25, "hidden": 16}
needs_kernels = pytest.mark.skipif(kernel_level() is None, reason="recurrent layers run in FP32 without our kernels")
IMAGES = torch.randn(2, 1, 32, 48, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)


def network(family: str = "mobilenet-v4-gru", **options: Any) -> tuple[nn.Module, ModelSpec]:
    """A seeded model with batch norm that does something."""
    spec = ModelSpec(
        name="small",
        charset="abcdefgh",
        preprocessing=Preprocessing(height=32),
        architecture=Architecture(family=family, options=options or SMALL),
    )
    torch.manual_seed(0)
    model = build(spec)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return model, spec


class Export:
    """What `quantize` makes of a model that is calibrated by min-max on the images."""

    def __init__(self, model: nn.Module, spec: ModelSpec) -> None:
        self.graph = prepare(trace(model, spec, 20))
        self.layers = find_layers(self.graph.graph, "cpu")
        self.plan = first_plan(self.layers)
        tensors = tensors_to_calibrate(self.graph.graph, self.layers)
        self.ranges = ranges(observe(self.graph, tensors, [IMAGES.numpy()]), CALIBRATORS["minmax"], False)

    def ranges_used(self) -> list[tuple[float, float]]:
        """The range of each tensor that becomes INT8; a pool's result shares its input's."""
        graph = insert_qdq(self.graph, self.plan, self.ranges, SCHEMES["cpu"]).graph
        pools = {name for node in graph.node if node.op_type == "MaxPool" for name in node.output}
        rounded = [node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"]
        return [self.ranges[name.removeprefix("int8::float::")] for name in rounded if name not in pools]

    def logits(self) -> np.ndarray:
        session = open_network(assemble(self.graph, self.plan, self.ranges, "cpu"), threads=1).session
        return session.run(None, {session.get_inputs()[0].name: IMAGES.numpy()})[0]


def plain(model: nn.Module, spec: ModelSpec) -> nn.Module:
    """A model without rounding that has the weights of `model`."""
    twin = build(spec).eval()
    twin.load_state_dict(model.state_dict())
    return twin


@torch.no_grad()
def logits_of(model: nn.Module, images: Tensor = IMAGES) -> np.ndarray:
    return model(images).numpy()


def decibels(expected: np.ndarray, found: np.ndarray) -> float:
    return float(10 * np.log10(np.square(expected).sum() / np.square(expected - found).sum()))


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("mobilenet-v1-gru", SMALL),
        ("mobilenet-v3-gru", SMALL),
        ("mobilenet-v4-gru", SMALL),
        ("mobilenet-v4-gru", SMALL | {"layers": 2, "residual": True, "layer_norm": True, "stride": 8}),
        ("crnn-bilstm", SMALL),
        ("legere", {"hidden": 16}),
        ("easyocr-g2", {"hidden": 16, "channels": (8, 8, 16, 16)}),
    ],
    ids=str,
)
def test_the_same_tensors_are_rounded_as_in_the_export_over_the_same_ranges(family, options):
    model, spec = network(family, **options)
    expected = Export(model, spec).ranges_used()
    found = QuantizationAware(model, IMAGES).ranges.values()
    assert sorted(found) == [pytest.approx(each, rel=1e-3, abs=1e-5) for each in sorted(expected)]


@needs_kernels
def test_it_computes_as_the_int8_export():
    """Far closer than FP32 does; a sum rounded the other way makes further ones round otherwise, so not the same."""
    model, spec = network("mobilenet-v1-gru")
    in_float = logits_of(model)
    int8 = Export(model, spec).logits()
    QuantizationAware(model, IMAGES)
    simulated = decibels(int8, logits_of(model))
    assert simulated > 50
    assert simulated > decibels(int8, in_float) + 6


def test_the_weights_stay_those_of_the_plain_model():
    model, spec = network()
    before, names = logits_of(model), list(model.state_dict())
    QuantizationAware(model, IMAGES)
    assert list(model.state_dict()) == names
    assert not np.array_equal(logits_of(model), before)
    assert np.array_equal(logits_of(plain(model, spec)), before)


def test_all_parameters_learn_while_statistics_stay():
    model, _ = network()
    statistics = {name: value.clone() for name, value in model.named_buffers()}
    QuantizationAware(model, IMAGES)
    model.train()(IMAGES).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())
    assert all(torch.equal(value, statistics[name]) for name, value in model.named_buffers())


def test_training_makes_the_int8_export_better():
    """One large weight in each channel leaves few levels to the others; trained with that, they make up for it."""
    model, spec = network()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.view(len(module.weight), -1)[:, 0] *= 30
    wanted = logits_of(model)
    before = decibels(wanted, Export(model, spec).logits())
    QuantizationAware(model, IMAGES)
    optimizer = torch.optim.Adam(model.parameters(), 3e-4)
    for _ in range(30):
        optimizer.zero_grad()
        (model(IMAGES) - torch.from_numpy(wanted)).square().mean().backward()
        optimizer.step()
    assert decibels(wanted, Export(plain(model, spec), spec).logits()) > before + 4


def test_a_deep_copy_rounds_on_its_own():
    model, _ = network()
    aware = QuantizationAware(model, IMAGES)
    rounded = logits_of(model)
    twin = copy.deepcopy(model)
    aware.observe(3 * IMAGES)
    with torch.no_grad():
        model.head.weight.zero_()
    assert np.array_equal(logits_of(twin), rounded)


def test_observing_leaves_training_as_it_was():
    model, _ = network()
    aware = QuantizationAware(model.train(), IMAGES)
    aware.observe(IMAGES)
    assert model.training
