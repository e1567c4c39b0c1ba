"""Networks for pictures: their sequences, their sizes, and what each becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import NetworkChoice
from crnn_deploy.models.pictures.families import PICTURE_FAMILIES, build_picture_network, picture_spec
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

CLASSES = ("cat", "dog", "owl")
AROUND = {"residual": True, "output_norm": True, "attention": 2, "dynamic_gates": True, "xavier": True}
ADAPTER: TypeAdapter[Any] = TypeAdapter(NetworkChoice)


def spec_of(
    family: str, size: tuple[int, int] = (12, 8), classes: tuple[str, ...] = CLASSES, **options: Any
) -> ModelSpec:
    return picture_spec("p", ADAPTER.validate_python({"family": family, **options}), classes, "RGB", size)


def small(family: str, **options: Any) -> ModelSpec:
    size = {"width": 0.25} if family.startswith("resnet") else {"channels": 4}
    return spec_of(family, **{"hidden": 8, "layers": 2, **size, **options})


@pytest.mark.parametrize("options", [{}, AROUND])
@pytest.mark.parametrize("family", PICTURE_FAMILIES)
def test_each_family_exports_for_any_batch(family: str, options: dict[str, Any], tmp_path: Path) -> None:
    spec = small(family, **options)
    torch.manual_seed(0)
    model = build(spec)
    artifact = write_safetensors(tmp_path / "p.safetensors", model.state_dict(), spec)
    exported: Artifact = export(ExportConfig(model=artifact.path, output=tmp_path / "p.onnx"))
    session: Session = open_session(exported)
    for batch, stills in ((1, 6), (5, 9)):  # the stills are for clips; the width of pictures is fixed
        seen = spec.preprocessing
        x = torch.randn(seen.input_shape(batch, stills if seen.clips is not None else 12))
        with torch.inference_mode():
            np.testing.assert_allclose(session.run(x.numpy()), model(x).numpy(), atol=1e-4)
    recurrent = [node.op_type for node in exported_nodes(exported) if node.op_type in ("GRU", "LSTM")]
    assert recurrent == ([] if family == "resnet18" else [family.rsplit("-")[-1].upper()] * 2)


def exported_nodes(artifact: Artifact) -> list[Any]:
    import onnx

    return list(onnx.load(artifact.path).graph.node)


@pytest.mark.parametrize(
    ("family", "size", "steps", "channels"),
    [
        ("cnn-lstm", (28, 28), 7, 64 * 7),
        ("cnn-gru", (32, 32), 8, 128 * 8),
        ("resnet18-gru", (32, 32), 16, 512),
        ("resnet18-lstm", (224, 224), 49, 512),
        ("pixel-gru", (20, 10), 10, 160),
    ],
)
def test_what_the_steps_are(family: str, size: tuple[int, int], steps: int, channels: int) -> None:
    with torch.device("meta"):
        model: Any = build_picture_network(spec_of(family, size))
        assert model.steps(torch.zeros(1, 3, size[1], size[0])).shape == (1, steps, channels)


def test_every_pixel_may_be_a_step() -> None:
    with torch.device("meta"):
        model: Any = build_picture_network(spec_of("pixel-gru", (224, 224), steps="pixels"))
        assert model.steps(torch.zeros(1, 3, 224, 224)).shape == (1, 50_176, 8)


@pytest.mark.parametrize(("family", "millions"), [("resnet18-gru", 12.2), ("resnet18-lstm", 12.5), ("resnet18", 11.2)])
def test_resnets_have_the_parameters_of_the_paper_and_of_the_layers(family: str, millions: float) -> None:
    with torch.device("meta"):
        model = build_picture_network(spec_of(family, (32, 32), tuple(map(str, range(100)))))
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


def test_both_directions_end_where_they_end() -> None:
    torch.manual_seed(0)
    model: Any = build(small("pixel-gru", bidirectional=True, layers=1))
    x = torch.randn(1, 3, 8, 12)
    _, state = model.rnn(model.steps(x))
    expected = model.head(torch.cat([state[0], state[1]], -1))
    torch.testing.assert_close(model(x), expected)


def test_the_mean_of_all_steps_does_not_depend_on_the_last_alone() -> None:
    torch.manual_seed(0)
    last, mean = (build(small("pixel-gru", pool=pool)) for pool in ("last", "mean"))
    mean.load_state_dict(last.state_dict())
    x = torch.randn(2, 3, 8, 12)
    assert not torch.allclose(last(x), mean(x))


def test_a_still_is_a_step_and_the_answer_needs_their_order() -> None:
    torch.manual_seed(0)
    model: Any = build(small("frames-gru", stages=2))
    x = torch.randn(2, 5, 3, 8, 12)
    assert model.steps(x).shape == (2, 5, 8 * 2 * 3)
    torch.testing.assert_close(model.steps(x)[1, 3], model.steps(x[1:, 3:4])[0, 0])
    assert not torch.allclose(model(x), model(x.flip(1)), atol=1e-3)


def test_stills_that_are_too_small_or_too_large_for_the_stages_are_refused() -> None:
    with pytest.raises(InputError, match="Nothing is left of stills of 12×8 pixels after 4 stages"):
        build(small("frames-gru", stages=4))
    with pytest.raises(InputError, match=r"would have 131,072 features"), torch.device("meta"):
        build_picture_network(spec_of("frames-gru", (64, 64), channels=128, stages=1))


@pytest.mark.parametrize("family", ["frames-gru", "cnn-gru"])
def test_a_spec_that_sees_the_other_kind_of_input_is_refused(family: str) -> None:
    spec, other = small(family), small("cnn-gru" if family == "frames-gru" else "frames-gru")
    with pytest.raises(InputError, match=f"cannot be a {family}"):
        build(spec.model_copy(update={"preprocessing": other.preprocessing}))


def test_lines_and_tiny_pictures_are_refused() -> None:
    lines = small("cnn-gru").model_copy(update={"task": "ctc", "charset": tuple("ab")})
    with pytest.raises(InputError, match="names classes in pictures of a fixed size"):
        build(lines)
    with pytest.raises(InputError, match="of 4 pixels at least"):
        build(spec_of("cnn-gru", (3, 8)))
