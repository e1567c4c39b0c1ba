"""The precision in which each layer of an engine runs, from TensorRT's own listing of the layers.

With detailed verbosity a build logs all layers of the engine, one a line, as

    Name: /conv1/Conv_myl0_6, LayerType: correlation, Inputs: [ { Name: …, Datatype: Int8, … }], …, Metadata: […]

in TensorRT-RTX and TensorRT 11; TensorRT 10 has `CaskConvolution` there and `Format/Datatype: Row major Int8 format`.

Loops over a few steps are unrolled. Their layers have no origins, but constants whose names tell the loop's number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from crnn_deploy.engine.lowering.result import RecurrentLayer
from crnn_deploy.errors import GateError
from crnn_deploy.inspection.engine_facts import MULTIPLYING_KINDS
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer

LAYERS_HEADING = "Layers:"
NO_TYPE = "none"  # of layers that touch no tensor
MOST_LISTED = 5
_FLOAT_PRECISIONS = ("fp16", "bf16", "fp32")
_PRODUCT_PRECISIONS = ("int8", "fp8", *_FLOAT_PRECISIONS)

_LINE = re.compile(r"Name: (?P<name>.*), LayerType: (?P<kind>[^,]*), Inputs: (?P<rest>.*)")
# TensorRT's compiler numbers its graphs and their layers, and writes to which profile those with a name belong.
_SUFFIX = re.compile(r"(?: \[profile (?P<profile>\d+)\])?(?:_myl(?P<graph>\d+)_\d+)?$")
_TYPE = re.compile(r"Datatype: (?P<type>[^,}\]]*)")
# Some versions put control characters between origins; after one there may be the name of what it was converted to.
_ORIGIN = re.compile(r"\[ONNX Layer: (.*?)\](?P<form>__\w+)?(?=[\s\x1e\x1f]*(?:\[ONNX Layer: |$))")
_LOOP = re.compile(r"\(Unnamed Loop\* (\d{1,4})\)")
_PRECISIONS = {
    **{"Int8": "int8", "Half": "fp16", "FP16": "fp16", "Float": "fp32", "FP32": "fp32"},
    **{"BFloat16": "bf16", "BF16": "bf16", "FP8": "fp8", "Int32": "int32", "Int64": "int64", "Bool": "bool"},
}
# Pattern in the kind, in the name of a fused layer, or after an origin → what the layer does. The first match counts:
# a convolution that is computed as a matrix product, `__gemm_from_conv1x1`, stays a convolution.
_KINDS = (
    (r"custom_layer|plugin", "plugin"),
    (r"deconv|conv|correlation|_corr(?-i:(?=[A-Z_]|\b))", "convolution"),
    (r"gemm|matmul|matrix_?multiply|_(fc|gemm|matmul)(?-i:(?=[A-Z_]|\b))", "matmul"),
    (r"pool", "pooling"),
    (r"cjmp|loop|^wait$|^signal$", "control"),
    (r"memset|copy|reformat|shuffle|reshape|cast|shape|noop|constant|identity|^slice$", "data movement"),
)
_FUSED = ("runtime_fusion", "myelin", "fusion")
_FUSED_ATTENTION = re.compile(r"_gemm_mha")  # of layers of the kind `kgen`, which are pointwise otherwise


def parse_layers(dump: str, loops: Sequence[str] = ()) -> tuple[EngineLayer, ...]:
    """The layers that TensorRT lists in a message beginning with `Layers:`; other lines are ignored.

    Args:
        loops: the ONNX nodes that TensorRT makes loops of, in the order of the graph, by which it numbers them. Where
            the listing has another number of loops, none of its layers is taken for theirs.
    """
    listed = dump.partition("\n\n")[0].split("\n")
    matches = [match for line in listed if (match := _LINE.match(line))]
    suffixes = [_suffix(match["name"]) for match in matches]
    profiles = {suffix["graph"]: int(suffix["profile"]) for suffix in suffixes if suffix["profile"]}
    parts = [sorted({int(number) for number in _LOOP.findall(match[0])}) for match in matches]
    known = {number for numbers in parts for number in numbers} == set(range(len(loops)))
    return tuple(
        _layer(
            match,
            match["name"][: suffix.start()],
            int(suffix["profile"] or profiles.get(suffix["graph"], 0)),
            [loops[number] for number in numbers] if known else (),
        )
        for match, suffix, numbers in zip(matches, suffixes, parts, strict=True)
    )


def _suffix(name: str) -> re.Match[str]:
    suffix = _SUFFIX.search(name)
    assert suffix is not None, "it may be empty"
    return suffix


def _layer(match: re.Match[str], name: str, profile: int, loops: Sequence[str]) -> EngineLayer:
    inputs, _, outputs = match["rest"].partition("Outputs: ")
    outputs, _, metadata = outputs.partition("Metadata:")
    origins = list(_ORIGIN.finditer(metadata))
    return EngineLayer(
        name=name,
        kind=_kind(match["kind"], name, " ".join(origin["form"] or "" for origin in origins)),
        precision=_precision(inputs.partition("Constants: ")[0]) or _precision(outputs) or NO_TYPE,
        profile=profile,
        origins=tuple(dict.fromkeys([*(origin[1] for origin in origins), *loops])),
    )


def _kind(kind: str, name: str, forms: str) -> str:
    named = kind in _FUSED or _FUSED_ATTENTION.match(name)
    described = " ".join(filter(None, (kind, name if named else "", forms)))
    for pattern, meaning in _KINDS:
        if re.search(pattern, described, re.IGNORECASE):
            return meaning
    return "pointwise"


def _precision(tensors: str) -> str | None:
    """The type of the first tensor: products compute in that of their first input, whatever they add afterwards."""
    if (match := _TYPE.search(tensors)) is None:
        return None
    words = match["type"].split()
    return next((_PRECISIONS[word] for word in words if word in _PRECISIONS), match["type"].strip().lower() or None)


def count_layers(layers: Iterable[EngineLayer]) -> Counter[tuple[str, str]]:
    """How many layers of the first profile there are of each kind and precision, without those that touch no tensor."""
    counted = (layer for layer in layers if layer.profile == 0 and layer.precision != NO_TYPE)
    return Counter((layer.kind, layer.precision) for layer in counted)


def count_rescaling(layers: Iterable[EngineLayer]) -> int:
    """How many layers of the first profile do a part of an INT8 product in FP32: they scale, round or add its bias."""
    first = [layer for layer in layers if layer.profile == 0]
    products = (layer for layer in first if layer.kind in MULTIPLYING_KINDS and layer.precision == "int8")
    in_int8 = {origin for layer in products for origin in layer.origins}
    beside = (layer for layer in first if layer.kind == "pointwise" and layer.precision == "fp32")
    return sum(not in_int8.isdisjoint(layer.origins) for layer in beside)


def check_precision(layers: Sequence[EngineLayer], expected: Mapping[str, str], advice: str = "") -> None:
    """Raise `GateError` unless every ONNX node of `expected` runs in its precision, in every profile.

    A node without any layer in the engine counts as wrong, as nothing proves its precision; a node expected in FP32
    does not, as it may have been computed during the build.

    Args:
        advice: what the user can do about it.
    """
    wrong = {}
    for node, precision in expected.items():
        realised = realised_precisions(layers, node)
        if realised != {precision} and (realised or precision != "fp32"):
            wrong[node] = " and ".join(sorted(name.upper() for name in realised)) or "not listed"
    if not wrong:
        return
    kinds = " or ".join(sorted({expected[node].upper() for node in wrong}))
    listed = [
        f"{node}: {realised}, not {expected[node].upper()}" for node, realised in list(wrong.items())[:MOST_LISTED]
    ]
    more = [f"and {len(wrong) - MOST_LISTED} more"] if len(wrong) > MOST_LISTED else []
    raise GateError(
        f"{len(wrong)} of {len(expected)} layers of this engine should run in {kinds}, and do not.",
        "\n".join(listed + more),
        advice,
    )


def realised_precisions(layers: Sequence[EngineLayer], node: str) -> set[str]:
    """The precisions of an ONNX node: those of its products, or of all its floating-point layers where it is a loop.

    Layers of a loop that read INT8 only move what was rounded behind it: TensorRT moves the rounding into the loop.
    """
    own = [layer for layer in layers if node in layer.origins or node in layer.name.split(" + ")]
    products = {layer.precision for layer in own if layer.kind in MULTIPLYING_KINDS}
    others = {layer.precision for layer in own if layer.precision in _PRODUCT_PRECISIONS}
    return products or others.intersection(_FLOAT_PRECISIONS) or others


def check_recurrent(layers: Sequence[EngineLayer], recurrent: Sequence[RecurrentLayer]) -> None:
    """Raise `GateError` unless each recurrent layer for the plugin is one plugin layer in every profile."""
    wanted = sum(layer.home == "plugin" for layer in recurrent)
    counts = Counter(layer.profile for layer in layers if layer.kind == "plugin")
    for profile in sorted({0} | {layer.profile for layer in layers}):  # also where no layers are listed
        if counts[profile] != wanted:
            raise GateError(
                f"The plugin should run {wanted} recurrent layers and runs {counts[profile]} in this engine.",
                "TensorRT replaced the plugin by something else.",
                "Build with --no-plugin, and report this.",
            )
