"""Runs random nodes of our custom ops in this process, which a sanitizer watches. `native.py` starts it.

Before each case it prints the case's number, so that the one that ends the process is known; after it, the result.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import warnings
from random import Random
from typing import Any

import numpy as np
from fuzz.node_cases import NodeCase, draw
from native.reference import one_node, open_model, round_rows

from crnn_deploy.native import LIBRARY_VARIABLE

SLOWEST = 60.0  # seconds that a case may take; the process ends then
LARGE = (
    30.0  # of larger numbers, one that lies between two steps of INT8 moves a gate; they must not crash, that is all
)
MANY_INPUTS = 4  # for each unit; of layers with more, the ops keep 16 bits of X
CLOSE = 0.02  # largest difference of states, which lie between -1 and 1
REFUSALS = ("ONNXRuntimeError", "INVALID_ARGUMENT", "Required inputs", "ShapeInference", "Unexpected input data type")


def main(seed: str, first: int, count: int) -> None:
    warnings.simplefilter("ignore")
    for number in range(first, first + count):
        print(json.dumps({"start": number}), flush=True)
        faulthandler.dump_traceback_later(SLOWEST, exit=True)
        case = draw(Random(f"{seed} {number}"))
        print(json.dumps({"end": number, "case": str(case), **_result(case)}), flush=True)


def _result(case: NodeCase) -> dict[str, Any]:
    """`ended`: agrees, refused, spoilt input ran, left out; or `finding`: what is wrong."""
    if not case.fed["X"].size and not _ours():
        return {"ended": "left out"}  # ONNX Runtime's own layers end the process where T or N is 0
    try:
        got = _run(case)
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        known = any(word in words for word in REFUSALS)
        if not known:
            return {"ended": "finding", "finding": f"another error: {words[:300]}"}
        empty = 0 in case.fed["X"].shape
        if case.wrong or empty:
            return {"ended": "refused"}
        return {"ended": "finding", "finding": f"a good node is refused: {words[:300]}"}
    if case.wrong:
        return {"ended": "spoilt input ran"}
    difference = _difference(case, got)
    if difference <= CLOSE:
        return {"ended": "agrees"}
    return {"ended": "finding", "finding": f"the result is off by {difference:.3g}"}


def _ours() -> bool:
    """Whether our library runs the layer; otherwise ONNX Runtime's own does, in FP32."""
    return bool(os.environ.get(LIBRARY_VARIABLE))


def _run(case: NodeCase) -> dict[str, np.ndarray]:
    model = one_node(case.layer, tuple(case.fed.keys() - {"X"}), case.outputs, case.stored, **case.attributes)
    (node,) = (node for node in model.graph.node if node.name == "layer")
    if case.left_out:
        node.input[list(node.input).index(case.left_out)] = ""
    for value in model.graph.input:  # otherwise the session refuses a shape before our op checks it
        value.type.tensor_type.ClearField("shape")
    session = open_model(model, case.threads)
    names = [output.name for output in session.get_outputs()]
    taken = {value.name for value in session.get_inputs()}
    fed = {name: array for name, array in case.fed.items() if name in taken}
    return dict(zip(names, session.run(names, fed), strict=True))


def _difference(case: NodeCase, got: dict[str, np.ndarray]) -> float:
    """Largest difference from the same arithmetic in float64, of the samples whose inputs are small numbers."""
    x = case.fed["X"]
    good = (np.abs(x) < LARGE).all(axis=(0, 2))  # false for NaN too
    if not good.any() or not x.size:
        return 0.0
    x = np.where(good[:, np.newaxis], x, 0)
    states = {name: case.fed.get(name) for name in ("sequence_lens", "initial_h", "initial_c")}
    ours = _ours()
    few = case.layer.w.shape[2] <= MANY_INPUTS * case.layer.hidden
    expected = case.layer.rounded().run(round_rows(x) if ours and few else x, **states, round_states=ours)
    if states["sequence_lens"] is not None:  # a sample without a step ends in zeros
        for array in expected.values():
            array[..., states["sequence_lens"] == 0, :] = 0
    off = [0.0]
    for name, array in got.items():
        wanted, seen = (each[..., good, :] for each in (expected[name], array))
        differences = np.abs(seen - wanted) / np.maximum(1, np.abs(wanted))
        off.append(float(np.nan_to_num(differences, nan=np.inf).max()))
    return max(off)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
