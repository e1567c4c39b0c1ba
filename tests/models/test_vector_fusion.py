"""Every family that takes a vector does so in ONNX too, and its head sees more than a sum of both inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.data.network_inputs import WithVectors
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import WITH_VECTOR, build
from crnn_deploy.models.vector_fusion import VectorFusion
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import Architecture, ModelSpec


def spec_of(family: str) -> ModelSpec:
    small = {"channels": 4} if family in ("cnn-gru", "cnn-lstm", "pixel-gru", "frames-gru") else {"width": 0.25}
    clips = {"clips": {}} if family == "frames-gru" else {}
    return ModelSpec(
        name="p",
        task="classify",
        class_names=("a", "b", "c"),
        preprocessing=Preprocessing.model_validate({"height": 32, "width": 32, "vector": ["age", "size"], **clips}),
        architecture=Architecture(family=family, options={"hidden": 8, **small}),
    )


@pytest.mark.parametrize("family", WITH_VECTOR)
def test_each_family_takes_a_vector(family: str) -> None:
    torch.manual_seed(0)
    model = build(spec_of(family))
    x, vector = torch.randn(spec_of(family).preprocessing.example_shape(5, 32, 32)), torch.randn(5, 2)
    with torch.inference_mode():
        assert (model(x, vector) - model(x, -vector)).abs().max() > 1e-3


@pytest.mark.parametrize("family", ["pixel-gru", "resnet18", "mobilenet-v1-gru"])  # one of each kind
def test_it_is_exported_with_a_vector_for_any_batch(family: str, tmp_path: Path) -> None:
    spec = spec_of(family)
    torch.manual_seed(0)
    model = build(spec)
    weights = write_safetensors(tmp_path / "p.safetensors", model.state_dict(), spec)
    session = open_session(export(ExportConfig(model=weights.path, output=tmp_path / "p.onnx")))
    for count in (1, 5):
        x, vector = torch.randn(count, 1, 32, 32), torch.randn(count, 2)
        with torch.inference_mode():
            expected = model(x, vector).numpy()
        np.testing.assert_allclose(session.run(WithVectors(x.numpy(), vector.numpy())), expected, atol=1e-4)
    with pytest.raises(InputError, match=r"takes a vector of 2 numbers .*, and is given pictures alone"):
        session.run(x.numpy())


def test_other_families_refuse_a_vector() -> None:
    with pytest.raises(InputError, match=r"crnn-bigru takes pictures alone.*\n.*age, size"):
        build(spec_of("crnn-bigru"))


def test_what_a_vector_says_depends_on_the_picture() -> None:
    """In a sum of both, a change of the vector would change the result by as much beside any picture."""
    torch.manual_seed(0)
    fusion = VectorFusion(6, 2)
    features, vectors = torch.randn(2, 6), torch.randn(2, 2)
    with torch.inference_mode():
        (a, b), (c, d) = ([fusion(f[None], v[None]) for v in vectors] for f in features)
    assert ((a - b) - (c - d)).abs().max() > 0.05
