"""Students: shapes, strides, sizes, and that every option survives export and INT8."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from onnx import numpy_helper
from pydantic import ValidationError

from crnn_deploy.artifact import open_artifact, read_onnx, write_safetensors
from crnn_deploy.clips import Clips
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build, stride_of
from crnn_deploy.models.config import StudentChoice, StudentFamily, StudentOptions
from crnn_deploy.models.pictures.config import FramesGru
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.quantization.calibrated_model import calibrate
from crnn_deploy.quantization.rewrite.plan import find_layers
from crnn_deploy.quantization.rewrite.preparation import prepare
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import Architecture, ModelSpec

TEACHER = ModelSpec(name="teacher", charset="abc", blank=3, preprocessing=Preprocessing(height=64))
CLASSES = ModelSpec(
    name="teacher",
    task="classify",
    class_names=("cat", "dog"),
    preprocessing=Preprocessing(height=64, width=96, channels="RGB"),
)
FAMILIES: tuple[StudentFamily, ...] = get_args(StudentFamily)
SMALL = {"width": 0.25, "hidden": 8}


def choice(family: StudentFamily = "mobilenet-v4-gru", **options: Any) -> StudentChoice:
    return StudentChoice(family=family, **{**SMALL, **options})


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("stride", "width"), [(4, 16), (4, 20), (4, 100), (8, 16), (8, 104)])
def test_one_frame_for_every_stride(family: StudentFamily, stride: Any, width: int) -> None:
    spec = student_spec("s", choice(family, stride=stride), TEACHER)
    assert stride_of(spec) == spec.preprocessing.width_multiple == stride
    assert build(spec)(torch.zeros(3, 1, 32, width)).shape == (3, width // stride, 4)


def test_a_student_takes_over_the_teacher_s_alphabet() -> None:
    spec = student_spec("s", choice(), TEACHER)
    assert (spec.charset, spec.blank, spec.preprocessing.height) == (TEACHER.charset, 3, 32)


def test_another_alphabet_has_the_blank_first() -> None:
    spec = student_spec("s", choice(), TEACHER, charset=("x", "y"))
    assert (spec.alphabet, build(spec).head.out_features) == (("", "x", "y"), 3)


@pytest.mark.parametrize(
    ("like", "charset", "told"),
    [(TEACHER, (), "needs a charset"), (CLASSES, ("x",), "classifier")],
)
def test_alphabets_that_cannot_be_are_refused(like: ModelSpec, charset: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError, match=told):
        student_spec("s", choice(), like, charset)


@pytest.mark.parametrize("family", FAMILIES)
def test_options_scale_the_student(family: StudentFamily) -> None:
    def parameters(**options: Any) -> int:
        return sum(p.numel() for p in build(student_spec("s", choice(family, **options), TEACHER)).parameters())

    assert parameters(width=0.5) < parameters(width=1.0) < parameters(width=1.5)
    assert parameters(bidirectional=False) < parameters() < parameters(hidden=16) < parameters(hidden=16, layers=2)
    assert parameters(stride=8) == parameters()


def test_students_made_before_there_were_more_options_still_load() -> None:
    """Names and shapes of the tensors, and their order, as they were in the first release."""
    options = {"width": 0.25, "hidden": 8, "layers": 2, "dropout": 0.1}
    for family, known in {"mobilenet-v3-gru": "03fdb847c298", "mobilenet-v4-gru": "1e0e4cc546e2"}.items():
        architecture = Architecture(family=family, options=options)
        spec = student_spec("s", choice(), TEACHER).model_copy(update={"architecture": architecture})
        tensors = [(name, tuple(tensor.shape)) for name, tensor in build(spec).state_dict().items()]
        assert hashlib.sha256(repr(tensors).encode()).hexdigest()[:12] == known
        assert stride_of(spec) == 4


def test_the_head_takes_the_features_of_the_sequence() -> None:
    model = build(student_spec("s", choice(), TEACHER))
    seen = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    model(torch.zeros(2, 1, 32, 64))
    assert seen == [(2, 16, 16)]


def test_a_head_of_low_rank_has_few_weights_for_a_large_alphabet() -> None:
    large = TEACHER.model_copy(update={"charset": tuple(map(chr, range(0x4E00, 0x4E00 + 6624))), "blank": 0})

    def parameters(**options: Any) -> int:
        return sum(p.numel() for p in build(student_spec("s", choice(hidden=96, **options), large)).parameters())

    assert parameters() - parameters(head_rank=48) == 6625 * (192 - 48) - 192 * 48
    assert "reduction.weight" not in build(student_spec("s", choice(), TEACHER)).state_dict()


@pytest.mark.parametrize("rank", [0, 4])
def test_the_head_of_a_large_alphabet_runs_in_int8_with_a_scale_for_each_class(tmp_path: Path, rank: int) -> None:
    classes = 6625
    large = TEACHER.model_copy(update={"charset": tuple(map(chr, range(0x4E00, 0x4DFF + classes))), "blank": 0})
    spec = student_spec("s", choice(head_rank=rank), large)
    torch.manual_seed(0)
    parent = write_safetensors(tmp_path / "s.safetensors", build(spec).state_dict(), spec)
    fp32 = read_onnx(export(ExportConfig(model=parent.path, output=tmp_path / "s.onnx")).path)
    image = np.random.default_rng(0).standard_normal((1, 1, 32, 96), np.float32)
    prepared = prepare(fp32)
    calibrated = calibrate(prepared, "cpu", find_layers(prepared.graph, "cpu"), [image])
    int8 = calibrated.assemble(calibrated.first_plan(), "minmax")
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in int8.graph.initializer}
    (head,) = (name for name, array in weights.items() if array.shape == (rank or 16, classes))
    assert weights[head].dtype == np.int8
    decoding = (node for node in int8.graph.node if node.op_type in ("DequantizeLinear", "Mul"))
    by_class = {name for node in decoding for name in node.input if np.shape(weights.get(name)) == (classes,)}
    assert len(by_class) == 1


def test_unknown_families_and_options_are_refused() -> None:
    spec = student_spec("s", choice(), TEACHER)
    with pytest.raises(InputError, match="Unknown architecture"):
        build(spec.model_copy(update={"architecture": Architecture(family="lenet")}))
    with pytest.raises(InputError, match="did you mean 'hidden'"):
        build(spec.model_copy(update={"architecture": Architecture(family="mobilenet-v4-gru", options={"hiden": 3})}))
    with pytest.raises(InputError, match="The stride of s is unknown"):
        stride_of(spec.model_copy(update={"architecture": None}))


def test_a_recipe_may_name_the_family_alone() -> None:
    found = StudentChoice.model_validate("mobilenet-v1-gru")
    assert (found.family, found.options()) == ("mobilenet-v1-gru", StudentOptions())
    with pytest.raises(ValidationError, match="mobilenet-v4-gru"):
        StudentChoice.model_validate("mobilenet-v9-gru")


VARIANTS: dict[str, dict[str, Any]] = {
    "v1": {"family": "mobilenet-v1-gru"},
    "v3, stride 8": {"family": "mobilenet-v3-gru", "stride": 8},
    "one direction": {"bidirectional": False},
    "layer norm": {"layer_norm": True},
    "residual": {"layers": 2, "residual": True},
    "low rank": {"head_rank": 5},
    "all of it": {
        "head_rank": 5,
        "layers": 3,
        "residual": True,
        "layer_norm": True,
        "stride": 8,
        "bidirectional": False,
    },
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_exports_with_gru_layers_for_int8(tmp_path: Path, options: dict[str, Any]) -> None:
    spec = student_spec("s", choice(**options), TEACHER)
    torch.manual_seed(0)
    parent = write_safetensors(tmp_path / "s.safetensors", build(spec).state_dict(), spec)
    child = export(ExportConfig(model=parent.path, output=tmp_path / "s.onnx"))  # proves itself at unseen widths
    images = np.random.default_rng(1).standard_normal((2, 1, 32, 312), np.float32)
    expected = open_session(open_artifact(parent.path)).run(images)
    assert expected.shape[1] == 312 // stride_of(spec)
    np.testing.assert_allclose(open_session(child).run(images), expected, atol=1e-5)

    layers = find_layers(prepare(read_onnx(child.path)).graph, "cpu")
    assert sum(layer.recurrent for layer in layers) == options.get("layers", 1)


def test_a_student_for_clips_sees_the_stills_of_its_teacher() -> None:
    teacher = picture_spec("t", FramesGru(), ("run", "walk"), "RGB", (24, 16), clips=Clips(every=2, max_stills=9))
    spec = student_spec("s", FramesGru(hidden=8, channels=4), teacher)
    assert (spec.class_names, spec.preprocessing) == (teacher.class_names, teacher.preprocessing)
    assert build(spec)(torch.zeros(2, 5, 3, 16, 24)).shape == (2, 2)
    with pytest.raises(InputError, match="t sees clips, and mobilenet-v4-gru is a student for lines and pictures"):
        student_spec("s", choice(), teacher)
    with pytest.raises(InputError, match="teacher sees single images, and frames-gru is a student for clips"):
        student_spec("s", FramesGru(), CLASSES)
    with pytest.raises(InputError, match="no charset to replace"):
        student_spec("s", FramesGru(), teacher, tuple("ab"))
