"""The report of an engine build for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.record import EngineRecord, ImageFit, KeptLayer
from crnn_deploy.escaping import visible
from crnn_deploy.inspection.engine_facts import MULTIPLYING_KINDS
from crnn_deploy.report.rich_tables import grid, ruled_table, section
from crnn_deploy.runtime.tensorrt.manifest import ShapeProfile
from crnn_deploy.runtime.tensorrt.names import TITLES
from crnn_deploy.units import MISSING, significant, size, span

_CACHE = {"used": "used", "created": "created for the next build", "none": "none, as TensorRT-RTX measures nothing"}


def engine_tables(record: EngineRecord) -> RenderableType:
    """The layers by precision, the input shapes, and size and build time of the engine; fits 80 columns.

    All text goes through `Text`, so names of layers cannot inject console markup.
    """
    parts: list[RenderableType] = [Text(f"! {record.reservation}.", "bold yellow")] if record.reservation else []
    parts += [_facts(record), *section("Layers by precision", _layers(record))]
    if record.recurrent:
        parts += section("Recurrent layers", _recurrent(record))
    parts += section("Input shapes", _profiles(record))
    if record.parity is not None:
        parts += [Text(f"\n{_reading(record.parity)}")]
    if record.fit is not None and record.fit.outside:
        parts += [Text(f"\n{_misfits(record.fit)}", style="yellow")]
    if record.gains_little_by_int8:
        parts += [Text(f"\n{_try_fp16(record)}", style="yellow")]
    if record.kept_fp32:
        parts += section("Kept in FP32", grid(*(_kept(layer) for layer in record.kept_fp32)))
    if record.warnings:
        parts += section("TensorRT warns", Group(*(Text(f"· {visible(warning)}") for warning in record.warnings)))
    return Group(*parts)


def _facts(record: EngineRecord) -> Table:
    manifest = record.manifest
    plugin = f", {size(record.plugin_bytes)} of them the plugin" if record.plugin_bytes else ""
    facts = {
        "built by": f"{TITLES[manifest.flavor]} {manifest.version}, in {significant(record.seconds)} s",
        "runs on": ", ".join(manifest.compute_capabilities),
        "size": f"{size(record.engine_bytes)}{plugin}; the ONNX file has {size(record.model_bytes)}",
        "timing cache": _CACHE[record.timing_cache],
        "log": record.log,
    }
    return grid(*((Text(name, "bold"), Text(visible(value))) for name, value in facts.items()))


def _reading(parity: LoweringParity) -> str:
    form = "" if parity.form == "exact" else ", with FP16's rounding,"
    same = f"reads {parity.images - parity.changed} of {parity.images} images as the model does"
    return f"ONNX Runtime, on the graph that the engine was built from{form} {same}."


def _misfits(fit: ImageFit) -> str:
    return f"{fit.outside} of {fit.images} images fit no profile: this engine cannot read them."


def _try_fp16(record: EngineRecord) -> str:
    signs = []
    if record.rescaling_layers:
        total = sum(layer.count for layer in record.layers)
        signs.append(f"{record.rescaling_layers} of {total} layers rescale in FP32 around INT8 layers")
    if record.larger_than_model:
        signs.append("the engine is larger than the ONNX file")
    reasons = " and ".join(signs)
    return f"{reasons[0].upper()}{reasons[1:]}: an FP16 engine may be smaller and as fast. Build it too and compare."


def _layers(record: EngineRecord) -> Table:
    """A row per kind of layer, a column per precision."""
    precisions = sorted({layer.precision for layer in record.layers}, key=_precision_order)
    kinds = sorted({layer.kind for layer in record.layers}, key=lambda kind: (kind not in MULTIPLYING_KINDS, kind))
    counts = {(layer.kind, layer.precision): layer.count for layer in record.layers}
    table = _table("", *precisions)
    for kind in kinds:
        table.add_row(Text(kind), *(Text(str(counts.get((kind, precision), MISSING))) for precision in precisions))
    return table


def _precision_order(precision: str) -> tuple[int, str]:
    order = ("int8", "fp16", "fp32")
    return (order.index(precision) if precision in order else len(order), precision)


def _recurrent(record: EngineRecord) -> Table:
    return grid(
        *(
            (
                Text(visible(layer.name)),
                Text(f"{'bidirectional ' if layer.directions == 2 else ''}{layer.op} of {layer.hidden}"),
                Text.assemble(layer.home, (f"  {layer.reason}" if layer.reason else "", "dim")),
            )
            for layer in record.recurrent
        )
    )


def _kept(layer: KeptLayer) -> tuple[Text, Text]:
    less = " and ".join(precision.upper() for precision in layer.realised if precision != "fp32")
    return Text(visible(layer.name)), Text(
        f"{layer.reason}{f'; TensorRT made it part of a layer in {less}' if less else ''}", "dim"
    )


def _profiles(record: EngineRecord) -> Table:
    of_clips = any(profile.of_clips for profile in record.manifest.profiles)
    table = _table("clips" if of_clips else "images", "stills" if of_clips else "width", "best at")
    for profile in record.manifest.profiles:
        table.add_row(*(Text(cell) for cell in _profile(profile)))
    return table


def _profile(profile: ShapeProfile) -> tuple[str, str, str]:
    least, best, greatest = profile.sizes
    return span(profile.min[0], profile.max[0]), span(least, greatest), f"{profile.opt[0]} × {best}"


def _table(first: str, *others: str) -> Table:
    table = ruled_table()
    table.add_column(Text(first, "dim"))
    for name in others:
        table.add_column(Text(name, "dim"), justify="right")
    return table
