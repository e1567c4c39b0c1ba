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

from fuzz.nodes.case import Array, NodeCase
from fuzz.nodes.every import draw
from native.reference import open_model

from crnn_deploy.native import KERNELS_VARIABLE, LIBRARY_VARIABLE

SLOWEST = 60.0  # seconds that a case may take; the process ends then
SLOWEST_EMULATED = 300.0  # under sanitizers it computes 30 million products a second
REFUSALS = ("ONNXRuntimeError", "INVALID_ARGUMENT", "Required inputs", "ShapeInference", "Unexpected input data type")


def main(seed: str, first: int, count: int) -> None:
    warnings.simplefilter("ignore")
    # Without a library, ONNX Runtime runs the definitions in the file.
    level = os.environ[KERNELS_VARIABLE] if os.environ.get(LIBRARY_VARIABLE) else "none"
    for number in range(first, first + count):
        print(json.dumps({"start": number}), flush=True)
        faulthandler.dump_traceback_later(SLOWEST_EMULATED if level == "amx-emulated" else SLOWEST, exit=True)
        case = draw(Random(f"{seed} {number}"))
        print(json.dumps({"end": number, "case": str(case), **_result(case, level)}), flush=True)


def _result(case: NodeCase, level: str) -> dict[str, str]:
    """`ended`: agrees, refused, spoilt input ran, left out; or `finding`: what is wrong."""
    if not case.runs_on(level):
        return {"ended": "left out"}
    ours = level != "none"
    try:
        got = _run(case)
    except Exception as error:
        return _refusal(case, f"{type(error).__name__}: {error}")
    if case.wrong and case.refused and ours:
        return {"ended": "finding", "finding": "a wrong node runs"}
    if case.wrong:
        return {"ended": "spoilt input ran"}
    what = case.finding(got, ours)
    return {"ended": "finding", "finding": what} if what else {"ended": "agrees"}


def _refusal(case: NodeCase, words: str) -> dict[str, str]:
    if not any(word in words for word in REFUSALS):
        return {"ended": "finding", "finding": f"another error: {words[:300]}"}
    if not case.wrong:
        return {"ended": "finding", "finding": f"a good node is refused: {words[:300]}"}
    return {"ended": "refused"}


def _run(case: NodeCase) -> dict[str, Array]:
    model = case.model()
    for value in model.graph.input:  # otherwise the session refuses a shape before our op checks it
        value.type.tensor_type.ClearField("shape")
    session = open_model(model, case.threads)
    names = [output.name for output in session.get_outputs()]
    taken = {value.name for value in session.get_inputs()}
    fed = {name: array for name, array in case.fed.items() if name in taken}
    return dict(zip(names, session.run(names, fed), strict=True))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
