"""Networks of deep-text-recognition-benchmark give the logits of the published description."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints.families.conftest import Importing
from checkpoints.families.four_stages import FourStages, with_random_weights
from checkpoints.families.thin_plate_spline import SpatialTransformer
from PIL import Image
from torch import Tensor, nn

from crnn_deploy.checkpoints.families.deep_text import FAMILY
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import load_model
from crnn_deploy.runtime.opening import open_session

DEEP_TEXT = FAMILY.name


def made(features: str, **options: object) -> FourStages:
    return with_random_weights(FourStages(features, **options))  # type: ignore[arg-type]


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {f"module.{name}": tensor for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("transformation", ["none", "tps"])
@pytest.mark.parametrize("hidden", [None, 16])
@pytest.mark.parametrize("features", ["vgg", "rcnn", "resnet"])
def test_logits_are_those_of_the_description(
    importing: Importing, features: str, hidden: int | None, transformation: str
) -> None:
    transformer = SpatialTransformer() if transformation == "tps" else None
    network = made(features, hidden=hidden, transformation=transformer)
    artifact = importing(weights_of(network))
    assert artifact.spec.lineage[0].options["family"] == DEEP_TEXT
    assert artifact.spec.charset == tuple(string.digits + string.ascii_lowercase)
    x = torch.rand(2, 1, 32, 100) * 2 - 1
    expected = network(x)
    assert expected.std() > 0.01
    assert torch.allclose(load_model(artifact)(x), expected, atol=1e-4)


@pytest.mark.parametrize(("features", "transformed"), [("vgg", True), ("rcnn", False), ("resnet", False)])
def test_it_reads_the_same_in_onnx_runtime(
    importing: Importing, tmp_path: Path, features: str, transformed: bool
) -> None:
    network = made(features, transformation=SpatialTransformer() if transformed else None)
    artifact = importing(weights_of(network))
    exported = export(ExportConfig(model=artifact.path, output=tmp_path / "out.onnx"))
    x = torch.rand(3, 1, 32, 100) * 2 - 1
    logits = open_session(exported).run(x.numpy())
    assert np.abs(logits - network(x).detach().numpy()).max() < 1e-4


def test_the_transformer_bends_the_picture_and_tells_its_size(importing: Importing) -> None:
    network = made("vgg", transformation=SpatialTransformer(48, 80))
    artifact = importing(weights_of(network))
    x = torch.rand(2, 1, 48, 80)
    assert (network.Transformation(x) - x).abs().max() > 0.1
    assert (artifact.spec.preprocessing.height, artifact.spec.preprocessing.width) == (48, 80)
    assert torch.allclose(load_model(artifact)(x), network(x), atol=1e-4)


def test_a_spline_for_no_picture_is_refused(importing: Importing) -> None:
    for first_x in (0.5, -1.0, float("nan"), -0.93):
        weights = weights_of(made("vgg", transformation=SpatialTransformer()))
        weights["module.Transformation.GridGenerator.P_hat"] = torch.full((3200, 23), first_x)
        with pytest.raises(InputError, match="grid of the spatial transformer"):
            importing(weights)


def test_an_incomplete_spline_is_refused(importing: Importing) -> None:
    weights = weights_of(made("vgg", transformation=SpatialTransformer()))
    del weights["module.Transformation.GridGenerator.inv_delta_C"]
    with pytest.raises(InputError, match="spline of the spatial transformer is incomplete"):
        importing(weights)


def test_case_sensitive_models_have_94_characters(importing: Importing) -> None:
    artifact = importing(weights_of(made("vgg", classes=95)))
    assert "".join(artifact.spec.charset) == string.printable[:94]


def test_other_charsets_come_from_a_spec(importing: Importing) -> None:
    weights = weights_of(made("resnet", classes=4, inputs=3))
    with pytest.raises(InputError, match="charset doesn't fit the head"):
        importing(weights)
    artifact = importing(weights, spec="{charset: xyz, preprocessing: {keep_ratio: true}}")
    assert artifact.spec.preprocessing.channels == "RGB"
    assert artifact.spec.preprocessing.keep_ratio


def test_attention_is_refused_with_the_reason(importing: Importing) -> None:
    weights = weights_of(made("resnet"))
    del weights["module.Prediction.weight"], weights["module.Prediction.bias"]
    weights |= {
        "module.Prediction.attention_cell.i2h.weight": torch.zeros(16, 16),
        "module.Prediction.attention_cell.h2h.weight": torch.zeros(16, 16),
        "module.Prediction.attention_cell.h2h.bias": torch.zeros(16),
        "module.Prediction.attention_cell.score.weight": torch.zeros(1, 16),
        "module.Prediction.attention_cell.rnn.weight_ih": torch.zeros(64, 54),
        "module.Prediction.attention_cell.rnn.weight_hh": torch.zeros(64, 16),
        "module.Prediction.attention_cell.rnn.bias_ih": torch.zeros(64),
        "module.Prediction.attention_cell.rnn.bias_hh": torch.zeros(64),
        "module.Prediction.generator.weight": torch.zeros(38, 16),
        "module.Prediction.generator.bias": torch.zeros(38),
    }
    with pytest.raises(InputError, match="has an attention head") as refusal:
        importing(weights)
    assert "one character after the other" in refusal.value.cause


def test_sizes_that_no_layer_has_are_refused(importing: Importing) -> None:
    weights = weights_of(made("vgg"))
    weights["module.FeatureExtraction.ConvNet.0.weight"] = torch.zeros(5000, 1, 3, 3)
    with pytest.raises(InputError, match=r"The sizes of .* are none that a network of the family deep-text"):
        importing(weights)
    weights["module.FeatureExtraction.ConvNet.0.weight"] = torch.zeros(4, 2, 3, 3)
    with pytest.raises(InputError, match="reads images of 2 channels"):
        importing(weights)


@pytest.mark.parametrize("ratio", [False, True])
@pytest.mark.parametrize("size", [(60, 31), (400, 31)])
def test_lines_are_squeezed_or_padded_as_in_training(importing: Importing, ratio: bool, size: tuple[int, int]) -> None:
    artifact = importing(weights_of(made("vgg")), spec="preprocessing: {keep_ratio: true}" if ratio else "")
    line = Image.effect_noise(size, 80)
    width = min(100, -(-32 * size[0] // size[1])) if ratio else 100
    resized = np.asarray(line.resize((width, 32), Image.Resampling.BICUBIC), np.float32) / 255
    expected = (np.pad(resized, ((0, 0), (0, 100 - width)), mode="edge") - 0.5) / 0.5
    assert np.allclose(Preprocessor(artifact.spec.preprocessing)(line, "line")[0], expected, atol=1e-6)
