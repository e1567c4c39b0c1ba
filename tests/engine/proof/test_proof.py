from __future__ import annotations

import numpy as np
import pytest
from tiny_crnn import register, tiny_artifact, tiny_spec

from crnn_deploy.api import export
from crnn_deploy.artifact import read_onnx
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.proof.proof import prove
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.export.config import ExportConfig


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """A function that exports a tiny recogniser: its graph and spec."""
    register(monkeypatch)

    def make(changes=None, **options):
        spec = tiny_spec(**options)
        weights = tiny_artifact(tmp_path, spec, changes)
        made = export(ExportConfig(model=weights.path, output=tmp_path / "tiny.onnx", force=True))
        return read_onnx(made.path), made.spec

    return make


def images(count=6):
    random = np.random.default_rng(0)
    return [random.uniform(-1, 1, (2, 1, 16, 20 + 8 * step)).astype(np.float32) for step in range(count)]


@pytest.mark.parametrize("options", [{}, {"layers": 2}, {"bidirectional": False}, {"rnn": "lstm"}], ids=str)
def test_fp32_reads_exactly_as_its_parent(exported, options):
    model, spec = exported(**options)
    proven = prove(model, LoweringOptions(precision="fp32"), spec, images())
    parity = proven.parity
    assert (parity.form, parity.images, parity.changed, parity.not_finite) == ("exact", 12, 0, 0)
    assert parity.max_difference < 1e-3  # of logits around 20
    assert parity.same_text == 1
    parity.require()


def test_fp16_is_compared_in_its_rounded_form(exported):
    model, spec = exported()
    parity = prove(model, LoweringOptions(precision="fp16"), spec, images()).parity
    assert parity.form == "rounded"
    assert 0 < parity.max_difference < 0.5
    assert parity.same_text > 0.7
    assert parity.kept_fp32 == ()
    assert parity.peak_node in {node.name for node in model.graph.node} | {"engine::projection::/rnn/GRU"}
    assert parity.peak > 1
    parity.require()


def test_what_overflows_stays_in_fp32_and_the_text_stays(exported):
    """A channel of the second convolution gives some 100,000, which the next layer makes small again."""
    model, spec = exported({"features.4.weight": 3e5, "rnn.weight_ih_l0": 1e-5})
    (spoilt,) = [node.name for node in model.graph.node if node.op_type == "Conv"][1:]
    proven = prove(model, LoweringOptions(precision="fp16"), spec, images())
    assert spoilt in proven.parity.kept_fp32
    assert proven.parity.peak > 65504
    assert proven.parity.not_finite == 0
    assert proven.lowered.expected[spoilt] == "fp32"
    assert "fp16" in proven.lowered.expected.values()
    proven.parity.require()


def test_names_that_were_wanted_in_fp32_stay_besides(exported):
    model, spec = exported()
    first = next(node.name for node in model.graph.node if node.op_type == "Conv")
    options = LoweringOptions(precision="fp16", keep_fp32=(first,))
    assert prove(model, options, spec, images()).lowered.expected[first] == "fp32"


def parity(**changes):
    usual = {
        **{"precision": "fp32", "form": "exact", "images": 4, "changed": 0, "not_finite": 0, "max_difference": 0.1},
        **{"relative_difference": 0.01, "noise_db": 60.0, "error": 0.0},
        "difference": Difference(figure="cer_ci", delta=0.0, low=0.0, high=0.0),
    }
    return LoweringParity(**{**usual, **changes})


def test_changed_text_is_a_failure_in_fp32_only():
    with pytest.raises(GateError, match="1 of 4 images"):
        parity(changed=1).require()
    parity(changed=1, precision="fp16", form="rounded").require()
    assert parity(changed=1).same_text == 0.75


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_results_that_are_not_finite_are_a_failure(precision):
    with pytest.raises(GateError, match="2 of 4 images give NaN") as caught:
        parity(not_finite=2, precision=precision, peak=1e5, peak_node="Conv_1").require()
    assert caught.value.cause == "Activations reach 100,000 at Conv_1, and FP16 ends at 65,504."
    assert "--keep-fp32" in caught.value.fix
