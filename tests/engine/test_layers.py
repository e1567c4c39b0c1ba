"""Realised precision, read from what TensorRT says of its engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.engine.layers import check_precision, check_recurrent, count_layers, count_rescaling, parse_layers
from crnn_deploy.engine.lowering.result import RecurrentLayer
from crnn_deploy.errors import GateError
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer

# Lines of real builds, shortened: TensorRT-RTX 1.7 with two profiles…
RTX = """Layers:
Name: __mye342_0_myl1_0, LayerType: shape_call, Inputs: [], Constants: [], Outputs: [], TacticName: , Metadata:
Name: __d_init_myl1_1, LayerType: memset, Inputs: [], Constants: [], Outputs: [ { Name: d, Dimensions: [1], Datatype: \
Int64, Format: (Linear) Row major linear format }], TacticName: , StreamId: 0, Metadata:
Name: __myl_CastMulMinMax_myl1_2, LayerType: kgen, Inputs: [ { Name: images, Dimensions: [-1,1,32,-1], Strides: \
[-1,-1,-1,1], Datatype: Float, Format: (Linear) Row major linear format }], Constants: [ { Name: c, Datatype: Half, \
Format: x }], Outputs: [ { Name: q, Datatype: Int8, Format: (NHWC) Channel major format }], TacticName: t, \
Metadata: [ONNX Layer: images_q]\x1f[ONNX Layer: /stem/Conv]
Name: /stem/Conv_myl1_3, LayerType: correlation, Inputs: [ { Name: q, Dimensions: [-1,4,32,-1], Datatype: Int8, \
Format: (NHWC) Channel major format }], Constants: [ { Name: w, Datatype: Int8, Format: x }, { Name: s, Datatype: \
Float, Format: x }], Outputs: [ { Name: y, Datatype: Float, Format: x }], TacticName: , Metadata: [ONNX Layer: \
/stem/Conv][ONNX Layer: images_dq]
Name: /rnn/GRU_myl1_4, LayerType: custom_layer, Inputs: [ { Name: g, Datatype: Half, Format: x }], Constants: [ { \
Name: R, Datatype: Half, Format: x }], Outputs: [ { Name: h, Datatype: Half, Format: x }], Metadata: [ONNX Layer: \
/rnn/GRU]
Name: __myl_FcAddCast_myl1_5, LayerType: runtime_fusion, Inputs: [ { Name: h, Datatype: Half, Format: x }], \
Constants: [ { Name: w, Datatype: Half, Format: x }], Outputs: [ { Name: logits, Datatype: Float, Format: x }], \
Metadata: [ONNX Layer: /head/MatMul]\x1f[ONNX Layer: /head/Add]
Name: /stem/Conv [profile 1]_myl3_3, LayerType: correlation, Inputs: [ { Name: q, Datatype: Half, Format: x }], \
Constants: [], Outputs: [ { Name: y, Datatype: Half, Format: x }], Metadata: [ONNX Layer: /stem/Conv]
Name: __myl_FcAdd_myl3_5, LayerType: runtime_fusion, Inputs: [ { Name: h [profile 1], Datatype: Half, Format: x }], \
Constants: [], Outputs: [ { Name: logits [profile 1], Datatype: Half, Format: x }], Metadata: [ONNX Layer: /head/MatMul]

I/O Tensors:
 Name: images, IOMode: Input, DataType: Float, LayerType: none, Inputs: []
"""
# …and TensorRT 10, as its documentation and issues show it.
TENSORRT_10 = """Layers:
Name: images_q, LayerType: Reformat, Inputs: [ { Name: images, Location: Device, Dimensions: [1,3,640,960], \
Format/Datatype: Row major linear FP32 }], Outputs: [ { Name: q, Location: Device, Format/Datatype: Row major Int8 \
format }], ParameterType: Reformat, Origin: QDQ, TacticValue: 0x00000000000003ea, StreamId: 0, Metadata:
Name: /conv/Conv + /relu/Relu, LayerType: CaskConvolution, Inputs: [ { Name: q, Location: Device, Dimensions: \
[4,64,56,56], Format/Datatype: Thirty-two wide channel vectorized row major Int8 format }], Outputs: [ { Name: y, \
Location: Device, Format/Datatype: Half }], ParameterType: Convolution, Kernel: [3,3], Weights: {"Type": "Int8", \
"Count": 864}, TacticName: ampere_imma, Metadata:
Name: /rnn/GRU, LayerType: PluginV3, Inputs: [ { Name: g, Format/Datatype: Half }], Outputs: [ { Name: h, \
Format/Datatype: Half }], ParameterType: PluginV3, PluginName: CrnnGru, Metadata: [ONNX Layer: /rnn/GRU]
Name: /head/MatMul, LayerType: MatrixMultiply, Inputs: [ { Name: h, Format/Datatype: Half }], Outputs: [ { Name: \
logits, Format/Datatype: Half }], Metadata: [ONNX Layer: /head/MatMul]\x1e[ONNX Layer: /head/Add]
"""
# A step of each of two GRU layers over a few steps, which TensorRT-RTX unrolls; the second is kept in FP32.
UNROLLED = """Layers:
Name: __mye7637_unroll0+__mye7641_unroll0_myl0_7, LayerType: gemm, Inputs: [ { Name: x, Datatype: Half, Format: x }], \
Constants: [ { Name: w, Datatype: Half, Format: x }, { Name: __mye7303$$myelin$$(Unnamed Loop* 0)^(Unnamed Layer* 83) \
[Matrix Multiply]_alpha_myl0, Datatype: Float, Format: x }], Outputs: [ { Name: y, Datatype: Half, Format: x }], \
TacticName: t, StreamId: 0, Metadata:
Name: __mye8733_unroll1_myl0_17, LayerType: gemm, Inputs: [ { Name: y, Datatype: Float, Format: x }], Constants: [ { \
Name: __mye7331$$myelin$$(Unnamed Loop* 1)^(Unnamed Layer* 97) [Matrix Multiply]_alpha_myl0, Datatype: Float, Format: \
x }], Outputs: [ { Name: z, Datatype: Float, Format: x }], TacticName: t, StreamId: 0, Metadata:
"""
# Convolutions of PP-OCRv2: the cast of the first one's input, that itself, and two that are matrix products.
FUSED = """Layers:
Name: __myl_CastReplConc_myl1_9, LayerType: kgen, Inputs: [ { Name: x, Datatype: Float, Format: x }], Constants: [], \
Outputs: [ { Name: a, Datatype: Half, Format: x }], Metadata: [ONNX Layer: engine::cast::x][ONNX Layer: Conv_0]
Name: __myl_CorrAddMaxMinMulMul_myl1_10, LayerType: runtime_fusion, Inputs: [ { Name: a, Datatype: Half, Format: x }], \
Constants: [], Outputs: [ { Name: b, Datatype: Half, Format: x }], Metadata: [ONNX Layer: Conv_0][ONNX Layer: Clip_0]
Name: __myl_FcAddMul_myl1_25, LayerType: runtime_fusion, Inputs: [ { Name: b, Datatype: Half, Format: x }], Constants: \
[], Outputs: [ { Name: c, Datatype: Half, Format: x }], Metadata: [ONNX Layer: Conv_14]__gemm_from_conv1x1
Name: Conv_15_myl1_26, LayerType: gemm, Inputs: [ { Name: c, Datatype: Half, Format: x }], Constants: [], Outputs: [ { \
Name: d, Datatype: Half, Format: x }], Metadata: [ONNX Layer: Conv_15]__gemm_from_conv1x1\x1f[ONNX Layer: Clip_15]
Name: __myl_CorrectMul_myl1_27, LayerType: runtime_fusion, Inputs: [ { Name: d, Datatype: Half, Format: x }], \
Constants: [], Outputs: [ { Name: e, Datatype: Half, Format: x }], Metadata:
"""
GRU = RecurrentLayer(name="/rnn/GRU", op="GRU", hidden=96, directions=2, home="plugin")


def facts(dump: str, profile: int = 0) -> list[tuple[str, str, str]]:
    return [(layer.name, layer.kind, layer.precision) for layer in parse_layers(dump) if layer.profile == profile]


def test_a_dump_of_rtx() -> None:
    assert facts(RTX) == [
        ("__mye342_0", "data movement", "none"),
        ("__d_init", "data movement", "int64"),
        ("__myl_CastMulMinMax", "pointwise", "fp32"),
        ("/stem/Conv", "convolution", "int8"),
        ("/rnn/GRU", "plugin", "fp16"),
        ("__myl_FcAddCast", "matmul", "fp16"),
    ]
    assert facts(RTX, profile=1) == [("/stem/Conv", "convolution", "fp16"), ("__myl_FcAdd", "matmul", "fp16")]
    assert parse_layers(RTX)[5].origins == ("/head/MatMul", "/head/Add")


def test_a_dump_of_tensorrt_10() -> None:
    assert facts(TENSORRT_10) == [
        ("images_q", "data movement", "fp32"),
        ("/conv/Conv + /relu/Relu", "convolution", "int8"),
        ("/rnn/GRU", "plugin", "fp16"),
        ("/head/MatMul", "matmul", "fp16"),
    ]
    assert parse_layers(TENSORRT_10)[3].origins == ("/head/MatMul", "/head/Add")


def test_fused_convolutions_are_told_from_what_stands_around_them() -> None:
    layers = parse_layers(FUSED)
    assert [layer.kind for layer in layers] == ["pointwise", *["convolution"] * 3, "pointwise"]
    assert layers[2].origins == ("Conv_14",)
    assert layers[3].origins == ("Conv_15", "Clip_15")
    check_precision(layers, {"Conv_0": "fp16", "Conv_14": "fp16", "Conv_15": "fp16"})
    assert count_layers(layers)["convolution", "fp16"] == 3


def test_fp32_beside_int8_products_is_counted_in_one_profile() -> None:
    assert count_rescaling(parse_layers(RTX)) == 1
    assert count_rescaling(parse_layers(RTX.replace("Datatype: Int8", "Datatype: Half"))) == 0


def test_layers_are_counted_by_kind_and_precision_in_one_profile() -> None:
    assert count_layers(parse_layers(RTX))["convolution", "int8"] == 1
    assert ("convolution", "fp16") not in count_layers(parse_layers(RTX))
    assert not any(precision == "none" for _, precision in count_layers(parse_layers(RTX)))


def test_what_runs_as_it_should_passes() -> None:
    check_precision(parse_layers(TENSORRT_10), {"/conv/Conv": "int8", "/head/MatMul": "fp16", "/rnn/GRU": "fp16"})
    check_recurrent(parse_layers(TENSORRT_10), [GRU])


def test_a_layer_that_is_not_int8_in_some_profile_is_named() -> None:
    with pytest.raises(GateError, match="1 of 2 layers") as caught:
        check_precision(parse_layers(RTX), {"/stem/Conv": "int8", "/head/MatMul": "fp16"}, "Do this.")
    assert "/stem/Conv: FP16 and INT8, not INT8" in caught.value.cause
    assert caught.value.fix == "Do this."
    assert caught.value.exit_code == 1


def test_a_layer_that_is_not_told_of_proves_nothing() -> None:
    with pytest.raises(GateError) as caught:
        check_precision(parse_layers(RTX), {"/gone/Conv": "int8"})
    assert "/gone/Conv: not listed, not INT8" in caught.value.cause


def test_fp32_may_be_fused_away_but_not_turned_into_less() -> None:
    check_precision(parse_layers(RTX), {"/gone/Conv": "fp32"})
    with pytest.raises(GateError, match="should run in FP32"):
        check_precision(parse_layers(RTX), {"/head/MatMul": "fp32"})


def test_a_loop_is_judged_by_its_floating_point_work() -> None:
    loop = [
        EngineLayer(name="step", kind="pointwise", precision="fp16", origins=("/rnn/LSTM",)),
        EngineLayer(name="count", kind="pointwise", precision="int32", origins=("/rnn/LSTM",)),
    ]
    check_precision(loop, {"/rnn/LSTM": "fp16"})
    with pytest.raises(GateError):
        check_precision([*loop, loop[0].model_copy(update={"precision": "fp32"})], {"/rnn/LSTM": "fp16"})


def test_the_layers_of_unrolled_loops_belong_to_the_nodes_in_their_order() -> None:
    layers = parse_layers(UNROLLED, ["/rnn/GRU", "/rnn/GRU_1"])
    check_precision(layers, {"/rnn/GRU": "fp16", "/rnn/GRU_1": "fp32"})
    with pytest.raises(GateError) as caught:
        check_precision(layers, {"/rnn/GRU_1": "fp16"})
    assert "/rnn/GRU_1: FP32, not FP16" in caught.value.cause


@pytest.mark.parametrize("loops", [(), ["/rnn/GRU"], ["/rnn/GRU", "/rnn/GRU_1", "/rnn/GRU_2"]], ids=len)
def test_another_number_of_loops_than_listed_proves_nothing(loops: list[str]) -> None:
    assert parse_layers(UNROLLED, loops) == parse_layers(UNROLLED)
    with pytest.raises(GateError, match="should run in FP16"):
        check_precision(parse_layers(UNROLLED, loops), {"/rnn/GRU": "fp16"})


def test_each_recurrent_layer_is_one_plugin_layer_in_each_profile() -> None:
    layers = parse_layers(RTX)
    with pytest.raises(
        GateError, match="plugin should run 1 recurrent layers and runs 0"
    ):  # the second profile has none
        check_recurrent(layers, [GRU])
    with pytest.raises(GateError, match="plugin should run 0 recurrent layers and runs 1"):
        check_recurrent([layer for layer in layers if layer.profile == 0], [])
    with pytest.raises(GateError, match="plugin should run 1 recurrent layers and runs 0"):
        check_recurrent([], [GRU])


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x1e\x1f", exclude_categories=["Cs"]), min_size=1)
TYPES = {"Int8": "int8", "Half": "fp16", "Float": "fp32", "BFloat16": "bf16", "Int32": "int32"}


@given(
    st.lists(
        st.tuples(
            NAMES, st.sampled_from(["correlation", "gemm", "kgen"]), st.sampled_from(sorted(TYPES)), st.booleans()
        )
    )
)
def test_every_layer_is_found_whatever_it_is_called(layers: list[tuple[str, str, str, bool]]) -> None:
    lines = []
    for name, kind, number, reads in layers:
        tensor = f"[ {{ Name: t, Dimensions: [1,2], Datatype: {number}, Format: x }}]"
        inputs = tensor if reads else "[]"
        lines.append(
            f"Name: {name}_myl0_1, LayerType: {kind}, Inputs: {inputs}, Constants: [], Outputs: {tensor}, S: 0"
        )
    found = parse_layers("\n".join(["Layers:", *lines]) + "\n\nI/O Tensors:\n")
    kinds = {"correlation": "convolution", "gemm": "matmul", "kgen": "pointwise"}
    assert [(layer.kind, layer.precision) for layer in found] == [(kinds[kind], TYPES[n]) for _, kind, n, _ in layers]


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_layers(f"Layers:\n{text}")
    parse_layers(f"Layers:\nName: {text}, LayerType: kgen, Inputs: {text}")


# Of an INT8 engine of PP-OCRv6: an attention whose result is rounded, and what moves the rounded result.
ATTENTION = """Layers:
Name: _gemm_mha_v2_myl0_124, LayerType: kgen, Inputs: [ { Name: q, Datatype: Half, Format: x }], Constants: [], \
Outputs: [ { Name: a, Datatype: Int8, Format: x }], Metadata: [ONNX Layer: round][ONNX Layer: product]
Name: __myl_SlicMoveReshTran_myl0_125, LayerType: kgen, Inputs: [ { Name: a, Datatype: Int8, Format: x }], Constants: \
[], Outputs: [ { Name: b, Datatype: Int8, Format: x }], Metadata: [ONNX Layer: round][ONNX Layer: product]
"""


def test_moving_what_was_rounded_behind_a_layer_is_not_its_precision() -> None:
    attention, moving = parse_layers(ATTENTION)
    assert (attention.kind, moving.kind) == ("matmul", "pointwise")
    check_precision([attention, moving], {"product": "fp16"})
    loop = attention.model_copy(update={"kind": "pointwise"})
    check_precision([loop, moving], {"product": "fp16"})
    with pytest.raises(GateError, match="should run in FP16"):
        check_precision([moving], {"product": "fp16"})
