"""Whether the command line and a second reader of the format come to the same result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fuzz.case import Case
from fuzz.client import ForkServer, Outcome
from fuzz.second_readers import REFERENCE

CLOSE = 1e-5  # of confidences


def disagreement(case: Case, outcome: Outcome, second: Any, server: ForkServer) -> str:
    """What differs, or an empty string. `second` is what the second reader says; None if it cannot read the file."""
    compare = _COMPARISONS.get(case.format)
    if compare is None or outcome.code not in (0, 2):
        return ""
    return compare(case, outcome, second, server)


def _image(case: Case, outcome: Outcome, second: Any, server: ForkServer) -> str:
    if second is None:
        return "" if outcome.code == 2 else "read, but Pillow cannot decode it"
    if outcome.code == 2:
        return "refused, but Pillow decodes it" if second["plain"] and second["small"] else ""
    if not (second["plain"] and second["small"]) or "--json" not in case.argv:
        return ""
    reference = server.run_again(("predict", REFERENCE, "--json"))
    one, other = (_readings(each) for each in (outcome, reference))
    if one and other and not _same(one[0], other[0]):
        words = (f"{reading['text']!r} {reading['confidence']:.3f}" for reading in (one[0], other[0]))
        return f"another reading than in the image of Pillow ({', '.join(words)})"
    return ""


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["text"] == other["text"] and abs(one["confidence"] - other["confidence"]) <= CLOSE


def _npz(case: Case, outcome: Outcome, second: Any, _: ForkServer) -> str:
    if outcome.code == 2 or case.target != "set.npz":
        return ""
    if second is None:
        return "read, but NumPy cannot read it"
    keys = ("x", "images", "image", "data", "arr_0")
    shape, kind = next((second[key] for key in keys if key in second), (None, None))
    if shape is None or kind != "uint8":
        return f"read, but NumPy finds {second}"
    return _count(outcome, shape[0], "NumPy")


def _idx(_case: Case, outcome: Outcome, second: Any, _: ForkServer) -> str:
    if outcome.code == 2:
        return ""
    if second is None or not second["sound"]:
        return "read, but its header does not fit its length"
    return _count(outcome, second["shape"][0], "the header")


def _tar(_case: Case, outcome: Outcome, second: Any, _: ForkServer) -> str:
    if outcome.code == 2:
        return ""
    if second is None:
        return "read, but tarfile cannot read it"
    return "" if second["labelled"] else _count(outcome, second["images"], "tarfile")


def _lmdb(_case: Case, outcome: Outcome, second: Any, _: ForkServer) -> str:
    if outcome.code == 2:
        return ""
    return "read, but lmdb cannot read it" if second is None else _count(outcome, second["count"], "lmdb")


def _library(case: Case, outcome: Outcome, second: Any, _: ForkServer) -> str:
    """Of safetensors and ONNX: what the library cannot read may not be used, and what it reads is not broken."""
    says_broken = "cannot be read as" in outcome.stderr
    if outcome.code == 2 and second is not None and says_broken:
        return "refused as unreadable, but its library reads it"
    if outcome.code == 0 and second is None and case.format == "safetensors":
        return "used, but its library cannot read it"
    return ""


def _count(outcome: Outcome, expected: int, reader: str) -> str:
    try:
        result = json.loads(outcome.stdout)
    except ValueError:
        return ""
    got = result["count"] if "count" in result else len(result["readings"]) + len(result.get("skipped", ()))
    return "" if got == expected else f"{got} images, {expected} by {reader}"


def _readings(outcome: Outcome) -> list[dict[str, Any]]:
    try:
        return list(json.loads(outcome.stdout)["readings"])
    except (ValueError, KeyError):
        return []


_COMPARISONS: dict[str, Callable[[Case, Outcome, Any, ForkServer], str]] = {
    "images": _image,
    "npz": _npz,
    "idx": _idx,
    "tar": _tar,
    "lmdb": _lmdb,
    "safetensors": _library,
    "onnx": _library,
}
