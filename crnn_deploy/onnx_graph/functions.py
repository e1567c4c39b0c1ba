"""Functions that a model defines: none may call itself, or become too large when it is written out."""

from __future__ import annotations

import onnx

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_FUNCTION_DEPTH, MAX_NODES
from crnn_deploy.onnx_graph.wiring import nested

_Key = tuple[str, str, str]
_EXPORT = "Export the model without functions."


def check_functions(model: onnx.ModelProto) -> None:
    """Check the functions of a model and the calls of them.

    Raises:
        InputError: naming the function that is defined twice, calls itself, or is called with too many tensors; or if
            all of them written out exceed `MAX_NODES`.
    """
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    if len(functions) < len(model.functions):
        raise InputError("A function is defined twice in the model.", "The file is damaged.", _EXPORT)
    sizes: dict[_Key, int] = {}
    for key in functions:
        _expanded(key, functions, sizes, ())
    total = 0
    for body in (model.graph, *model.functions):
        for node in (node for part in nested(body) for node in part.node):
            if (called := functions.get(_key(node))) is not None:
                _check_call(node, called)
            total += sizes.get(_key(node), 1) if body is model.graph else 0
    if total > MAX_NODES:
        raise InputError(
            f"The model has {total:,} operators when its functions are written out.",
            f"The limit is {MAX_NODES:,}.",
            _EXPORT,
        )


def _expanded(
    key: _Key, functions: dict[_Key, onnx.FunctionProto], sizes: dict[_Key, int], callers: tuple[_Key, ...]
) -> int:
    """The operators of a function, with those of the functions that it calls."""
    if key in callers:
        raise InputError(f"The function {key[1]} of the model calls itself.", "ONNX does not allow it.", _EXPORT)
    if len(callers) >= MAX_FUNCTION_DEPTH:
        raise InputError(f"The model has more than {MAX_FUNCTION_DEPTH} functions that call each other.", fix=_EXPORT)
    if key not in sizes:
        called = [_key(node) for part in nested(functions[key]) for node in part.node]
        inner = {other: _expanded(other, functions, sizes, (*callers, key)) for other in called if other in functions}
        sizes[key] = 1 + sum(inner.get(other, 1) for other in called)  # a call of an empty function takes time too
    return sizes[key]


def _key(node: onnx.NodeProto) -> _Key:
    return node.domain, node.op_type, node.overload


def _check_call(node: onnx.NodeProto, function: onnx.FunctionProto) -> None:
    if len(node.input) > len(function.input) or len(node.output) > len(function.output):
        raise InputError(
            f"The function {function.name} is called with more tensors than it has.", "The file is damaged.", _EXPORT
        )
