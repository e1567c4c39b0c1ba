"""The structure of a graph: every tensor that is read is made, once, and nothing depends on itself.

ONNX Runtime checks much of that too, but not every verb runs the model.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import onnx
from onnx import AttributeProto, defs

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_NODES
from crnn_deploy.onnx_graph.operators import OWN_CONVOLUTIONS, OWN_RECURRENT, RECURRENT_WEIGHTS, STANDARD_DOMAINS
from crnn_deploy.onnx_graph.wiring import bodies, names_read_by, nested

_CAUSE = "The file is damaged, or was edited."
_FIX = "Fetch or export the model again."
_LARGEST = 2**31 - 1  # version that the library of ONNX can look up


def check_structure(model: onnx.ModelProto) -> None:
    """Check versions, operators and the names of tensors.

    Raises:
        InputError: naming the operator or tensor that is wrong.
    """
    count = sum(len(part.node) for body in (model.graph, *model.functions) for part in nested(body))
    if count > MAX_NODES:
        raise InputError(f"The model has {count:,} operators.", f"The limit is {MAX_NODES:,}.", "Check the file.")
    opsets = {entry.domain or "": entry.version for entry in model.opset_import}
    undeclared = not opsets.keys() & set(STANDARD_DOMAINS) and any(
        node.domain in STANDARD_DOMAINS for node in model.graph.node
    )
    imported = (entry.version for part in (model, *model.functions) for entry in part.opset_import)
    if undeclared or not opsets or not all(1 <= version <= _LARGEST for version in (model.ir_version, *imported)):
        raise InputError("The model does not say which version of ONNX it is written in.", _CAUSE, _FIX)
    for body in (model.graph, *model.functions):
        versions = {entry.domain: entry.version for entry in (body if body is not model.graph else model).opset_import}
        for part in nested(body):
            for node in part.node:
                _check_node(node, versions.get(node.domain, 0))
    if not model.graph.output:
        raise InputError("The model has no output.", _CAUSE, _FIX)
    for node in (node for part in nested(model.graph) for node in part.node):
        if any(attribute.ref_attr_name for attribute in node.attribute):
            raise _wrong(node, "refers to an attribute of a function, and is in none")
    _check_names(model.graph, frozenset())


def check_text(model: onnx.ModelProto) -> None:
    """Check that names and metadata are text, and names of one line: protobuf gives bytes where they are not UTF-8.

    Raises:
        InputError: if one is not.
    """
    for text in (*_texts(model), *_names(model)):
        if not isinstance(text, str):
            raise InputError("The model holds a name that is no UTF-8 text.", _CAUSE, _FIX)
    if broken := next((name for name in _names(model) if len(name.splitlines()) > 1), ""):
        raise InputError(f"The model holds a name of several lines: {broken[:80]!r}.", _CAUSE, _FIX)


def _texts(model: onnx.ModelProto) -> Iterator[str]:
    for entry in model.metadata_props:
        yield from (entry.key, entry.value)
    parts = (part for body in (model.graph, *model.functions) for part in nested(body))
    yield from (node.doc_string for part in parts for node in part.node)


def _names(model: onnx.ModelProto) -> Iterator[str]:
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output)
    for part in (part for body in (model.graph, *model.functions) for part in nested(body)):
        for node in part.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
        if isinstance(part, onnx.GraphProto):
            yield from (tensor.name for tensor in part.initializer)
            for value in (*part.value_info, *part.input, *part.output):
                yield value.name
                yield from (size.dim_param for size in value.type.tensor_type.shape.dim)


def sort_nodes(graph: onnx.GraphProto) -> None:
    """Bring the nodes, in place, into the order that ONNX demands: each after those that it reads from.

    Raises:
        InputError: if they read from each other in a circle.
    """
    makers = {output: index for index, node in enumerate(graph.node) for output in node.output if output}
    needs = [{makers[name] for name in names_read_by(node) if name in makers} for node in graph.node]
    if all(index > max(others, default=-1) for index, others in enumerate(needs)):
        return
    readers: dict[int, list[int]] = {}
    for index, others in enumerate(needs):
        for other in others:
            readers.setdefault(other, []).append(index)
    missing = [len(others) for others in needs]
    order = [index for index, count in enumerate(missing) if not count]
    for index in order:  # it grows while it is read
        for reader in readers.get(index, ()):
            missing[reader] -= 1
            if not missing[reader]:
                order.append(reader)
    if len(order) < len(needs):
        stuck = graph.node[next(index for index, count in enumerate(missing) if count)]
        raise InputError(
            f"The operator {stuck.name or stuck.op_type} depends on its own result.",
            "The graph has a circle, which ONNX does not allow.",
            _FIX,
        )
    nodes = [graph.node[index] for index in order]
    del graph.node[:]
    graph.node.extend(nodes)


@dataclass(frozen=True)
class _Rules:
    """What ONNX demands of an operator."""

    fewest_inputs: int
    fewest_outputs: int
    types: Mapping[str, int]
    required: frozenset[str]


@functools.cache
def _rules(operator: str, domain: str, version: int) -> _Rules:
    """The rules of an operator. What our own operators need is known too.

    An operator that ONNX does not define has as many inputs as the one whose name it has: most readers of graphs look
    at names alone.
    """
    if operator in OWN_RECURRENT:
        return _Rules(RECURRENT_WEIGHTS[operator][1] + 1, 1, {}, frozenset())
    if operator in OWN_CONVOLUTIONS:
        return _Rules(OWN_CONVOLUTIONS[operator], 1, {}, frozenset())
    try:
        schema = defs.get_schema(operator, version, domain)
    except defs.SchemaError:
        namesake = _newest_schema(operator)
        return _Rules(namesake.min_input if namesake else 0, 0, {}, frozenset())
    attributes = schema.attributes  # a new copy each time
    return _Rules(
        schema.min_input,
        schema.min_output,
        {name: int(attribute.type.value) for name, attribute in attributes.items()},
        frozenset(name for name, attribute in attributes.items() if attribute.required),
    )


def _newest_schema(operator: str) -> defs.OpSchema | None:
    try:
        return defs.get_schema(operator)
    except defs.SchemaError:
        return None


def _check_node(node: onnx.NodeProto, version: int) -> None:
    """Inputs, outputs and attributes as ONNX defines the operator."""
    names = {attribute.name for attribute in node.attribute}
    if not node.output:
        raise _wrong(node, "has no result")
    if len(names) < len(node.attribute):
        raise _wrong(node, "has an attribute twice")
    if node.op_type == "Constant" and len(names) != 1:
        raise _wrong(node, "has no value")
    rules = _rules(node.op_type, node.domain, version)
    if len(node.input) < rules.fewest_inputs or len(node.output) < rules.fewest_outputs:
        raise _wrong(node, "has fewer inputs or outputs than it needs")
    if absent := sorted(rules.required - names):
        raise _wrong(node, f"lacks the attribute {absent[0]}")
    for attribute in node.attribute:
        empty = attribute.type == AttributeProto.TENSOR and not (attribute.HasField("t") or attribute.ref_attr_name)
        if empty or rules.types.get(attribute.name, attribute.type) != attribute.type:
            raise _wrong(node, f"has the attribute {attribute.name} in a wrong form")


def _check_names(graph: onnx.GraphProto, outside: frozenset[str]) -> None:
    """Each tensor is made once, and what is read is made here or outside."""
    weights = [tensor.name for tensor in graph.initializer]
    inputs = [value.name for value in graph.input]
    made = [output for node in graph.node for output in node.output if output]
    for names, kind in ((weights, "weights"), (inputs, "inputs"), ([*made, *{*weights, *inputs}], "results")):
        if twice := _repeated(names):
            raise InputError(f"Two {kind} of the model have the name {twice!r}.", _CAUSE, _FIX)
    known = outside | {*weights, *inputs, *made}
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                raise InputError(
                    f"The tensor {name}, which {node.name or node.op_type} reads, is not in the model.",
                    "Its weights were left out or removed, or the graph was cut.",
                    "Export the model again, with its weights.",
                )
        for body in bodies(node):
            _check_names(body, known)
    for value in graph.output:
        if value.name not in known:
            raise InputError(f"The output {value.name} is not made by the model.", _CAUSE, _FIX)


def _repeated(names: list[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _wrong(node: onnx.NodeProto, what: str) -> InputError:
    return InputError(f"The operator {node.name or node.op_type} ({node.op_type}) {what}.", _CAUSE, _FIX)


def image_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Inputs that the caller gives: old files list their weights as inputs too."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]
