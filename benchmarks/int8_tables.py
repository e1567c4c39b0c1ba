"""The tables of `bench_int8.py`: models as it measures them, each with its FP32 form as the first variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from side_by_side import table

from crnn_deploy import units
from crnn_deploy.report.run.markdown import escape

Model = Mapping[str, Any]

EXPLANATION = (
    "Medians of one batch, without preprocessing and decoding. All variants of a model run in turns in one process, "
    "each twice in a row, and the second run counts: what it takes right after another runtime's run depends on that "
    "one. × is the speed against the same model's FP32 file in ONNX Runtime; in brackets, that of the first runs. ONNX "
    "Runtime takes images of any width; OpenVINO is compiled for the very shape that is timed, which favours it. "
    "*OpenVINO, its choice* is the FP32 file without a demand for FP32, *OpenVINO INT8* the file of `quantize_static`, "
    "whose other layers run as OpenVINO chooses. *ours without its library* is our file in an ONNX Runtime that has "
    "nothing of ours. *Least dB* is the power of the FP32 logits over that of the difference from them, in the very "
    "sessions that are timed, where it is lowest."
)


def overview(models: Sequence[Model]) -> str:
    """Speed and size of every model's variants, in the first setting."""
    names = list(dict.fromkeys(name for model in models for name in list(model["variants"])[1:]))
    rows = []
    for model in models:
        variants = model["variants"]
        setting, own = next(iter(parent(model)["latency"].items()))
        cells = [
            speedups(own, variants[name]["latency"][setting]) if name in variants else units.MISSING for name in names
        ]
        rows.append([model["model"], setting, units.significant(own["ms"]), *cells])
    return f"## Speed against FP32 in ONNX Runtime\n\n{table(['Model', 'Line', 'FP32, ms', *names], rows, 2)}"


def describe(model: Model) -> str:
    """Everything about one model."""
    title = model["model"] if model["trained"] else f"{model['model']} (random weights)"
    notes = [f"- **{name}**: {escape(note)}" for name, note in model["notes"].items()]
    realised = [f"- **{name}** runs {escape(found['realised'])}" for name, found in model["variants"].items()]
    parts = [f"## {title}", speeds(model), sizes(model), "\n".join([*realised, *notes])]
    return "\n\n".join(parts)


def speeds(model: Model) -> str:
    """Time of every variant in every setting, and its ratio to FP32."""
    settings = list(parent(model)["latency"])
    columns = ["Variant", *(cell for setting in settings for cell in (f"{setting}, ms", "×"))]
    rows = []
    for name, found in model["variants"].items():
        pairs = [(parent(model)["latency"][setting], found["latency"][setting]) for setting in settings]
        rows.append(
            [name, *(cell for own, row in pairs for cell in (units.significant(row["ms"]), speedups(own, row)))]
        )
    return table(columns, rows)


def speedups(own: Mapping[str, float], row: Mapping[str, float]) -> str:
    """Ratio of the second runs and, in brackets, of the first."""
    second, first = (units.ratio(own[key] / row[key]) for key in ("ms", "ms_after_others"))
    return f"{second} ({first})"


def sizes(model: Model) -> str:
    """Size of each variant's file, how close it is to FP32, and what it reads where it was asked to."""
    readable = "same_text" in parent(model)
    labelled = "cer_ci" in parent(model)
    columns = ["Variant", "File", "of FP32", "Least dB"]
    columns += [f"Same text of {parent(model)['images']}"] if readable else []
    columns += ["CER", "Change, points", "95 %"] if labelled else []
    return table(columns, [[name, *_facts(model, found)] for name, found in model["variants"].items()])


def parent(model: Model) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(iter(model["variants"].values()))
    return found


def _facts(model: Model, found: Mapping[str, Any]) -> Iterator[str]:
    yield units.size(found["bytes"])
    yield f"{found['bytes'] / parent(model)['bytes']:.3f}"
    decibels = [timed["snr_db"] for timed in found["latency"].values() if timed["snr_db"] is not None]
    yield f"{min(decibels):.1f}" if decibels else "∞"
    if "same_text" in found:
        yield units.percent(found["same_text"])
    if "cer_ci" in found:
        change, low, high = found["change"]
        yield units.percent(found["cer_ci"])
        yield units.points(change)
        yield f"{units.points(low)} … {units.points(high)}"
