"""`build-engine`: build a TensorRT engine from an ONNX artifact, and check the precision of each layer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx

from crnn_deploy.artifact import Artifact, engine_json, open_artifact, read_onnx, require_onnx
from crnn_deploy.data.network_inputs import NetworkInput, NetworkInputs
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset, sample
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.engine.flavors import find_flavor
from crnn_deploy.engine.layers import check_precision, check_recurrent
from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import Lowered, LoweringOptions
from crnn_deploy.engine.plan_building import BuildOrder, BuiltPlan, build_plan
from crnn_deploy.engine.profiles import choose_profiles, fitting, for_batch, padded_widths
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.proof.proof import prove
from crnn_deploy.engine.record import EngineRecord, ImageFit
from crnn_deploy.engine.writing import compose_record, logging_failure, write_engine
from crnn_deploy.errors import InputError
from crnn_deploy.files import check_free, check_output
from crnn_deploy.native.plugin import PLUGIN_VARIABLE, build_plugin, largest_layer, plugin_library
from crnn_deploy.native.plugin.config import PluginConfig
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.runtime.tensorrt.messages import Messages
from crnn_deploy.runtime.tensorrt.names import TITLES

_PARITY_IMAGES = 200
_KEEP_MORE = (
    "TensorRT moves the casts around a layer into it: keep the nodes right before and behind it too, each with its own "
    "--keep-fp32, or build with --fp32."
)
_KEPT_INT8 = "Layers between Q/DQ nodes stay INT8: quantize the model without them, or build its parent with --fp16."


@dataclass(frozen=True)
class BuiltEngine:
    """The engine artifact, and the record of its build."""

    artifact: Artifact
    record: EngineRecord


def build_engine(config: EngineConfig, progress: Progress = SILENT) -> BuiltEngine:
    """Build an engine from an `.onnx` artifact; TensorRT-RTX needs no GPU for that.

    Beside `NAME.engine` are `NAME.engine.json`, with its spec and manifest, and `NAME.engine.log`, with all messages of
    TensorRT. Where the build fails, these are in `NAME.engine.rejected.log`, and older files are not changed.

    Raises:
        InputError: if the model, a profile or a target doesn't suit TensorRT, or no TensorRT is installed.
        GateError: if a layer of the engine doesn't run in the precision that was asked for, or in the plugin.
    """
    check_output(config.output, config.force, ".engine", config.model)
    check_free(engine_json(config.output), force=True)  # the engine can't be used without it
    parent = open_artifact(config.model)
    require_onnx(parent)
    model = read_onnx(parent.path)
    batch = OnnxRuntimeSession(parent).network.batch  # refuses what does not run
    config = for_batch(config, batch, config.model)
    flavor, targets = find_flavor(config.flavor, config.targets)
    source = open_source(config.data, progress, needs_labels=False) if config.data is not None else None
    widths = None if source is None else padded_widths(source, parent.spec.preprocessing, progress)
    profiles = choose_profiles(config, parent.spec.preprocessing, widths)
    fit = None
    if source is not None and widths is not None:
        inside = fitting(profiles, widths)
        fit = ImageFit(images=len(widths), outside=len(widths) - len(inside))
        source = Subset(source, inside)  # the engine cannot take the others

    lowered, parity = _lower(model, _lowering(config, targets), parent, source, progress)
    order = BuildOrder(
        config=config,
        parent=parent,
        lowered=lowered,
        flavor=flavor,
        targets=targets,
        profiles=profiles,
        plugin=_plugin(lowered, () if config.hardware_compatible else targets, progress),
    )
    log = Messages()
    with logging_failure(config.output, log):
        built = build_plan(order, log, progress)
        _check(built)
        record = compose_record(built, parity, fit, log)
        return BuiltEngine(write_engine(built, record, log), record)


def _check(built: BuiltPlan) -> None:
    """Raise `GateError` unless each layer runs as the graph says, and those to be kept in FP32 run in FP32."""
    order, layers = built.order, built.layers
    expected = order.lowered.expected
    kept = expected.keys() & {*order.lowered.kept_fp32, *order.config.keep_fp32}
    check_precision(
        layers, {node: precision for node, precision in expected.items() if node not in kept}, _advice(order)
    )
    in_int8 = any(expected[node] == "int8" for node in kept)
    check_precision(layers, dict.fromkeys(sorted(kept), "fp32"), _KEPT_INT8 if in_int8 else _KEEP_MORE)
    check_recurrent(layers, order.lowered.recurrent)


def _advice(order: BuildOrder) -> str:
    """What to do about layers that don't run in the precision asked for."""
    precision = order.config.precision
    if precision == "int8":
        return order.flavor.advice(order.targets)
    ways = [f"another version of {TITLES[order.flavor.name]}"]
    if precision == "fp16":
        has_gru = any(layer.op == "GRU" for layer in order.lowered.recurrent)
        ways = [*(["the plugin"] if has_gru and not order.config.plugin else []), "--fp32", *ways]
    return f"Build with {', or with '.join(ways)}."


def _lowering(config: EngineConfig, targets: tuple[str, ...]) -> LoweringOptions:
    return LoweringOptions(
        precision=config.precision,
        plugin=config.plugin,
        largest_layer=largest_layer(targets, half=config.precision != "fp32"),
        keep_fp32=config.keep_fp32,
    )


def _lower(
    model: onnx.ModelProto, options: LoweringOptions, parent: Artifact, source: Source | None, progress: Progress
) -> tuple[Lowered, LoweringParity | None]:
    """The typed graph, and where there are images, how it reads them; nothing in it overflows on these images."""
    if source is None:
        return lower(model, options), None
    images = NetworkInputs(sample(source, _PARITY_IMAGES, seed=0), parent.spec.preprocessing)
    proven = prove(model, options, parent.spec, _WithProgress(images, progress))
    proven.parity.require()
    return proven.lowered, proven.parity


@dataclass(frozen=True)
class _WithProgress:
    """Images with a progress bar each time that they are iterated over."""

    images: NetworkInputs
    progress: Progress

    def __iter__(self) -> Iterator[NetworkInput]:
        return self.progress.track(self.images, "Comparing with the model", len(self.images))


def _plugin(lowered: Lowered, targets: tuple[str, ...], progress: Progress) -> Path | None:
    """The plugin library, if a layer needs it: the one in the environment, or a newly or earlier compiled one.

    Args:
        targets: GPUs that it must run on; none: all that nvcc supports.
    """
    if all(layer.home != "plugin" for layer in lowered.recurrent):
        return None
    if PLUGIN_VARIABLE in os.environ:
        library, reason = plugin_library(targets), f"{PLUGIN_VARIABLE} is empty: do without."
    else:
        try:
            return build_plugin(PluginConfig(architectures=targets), progress).path
        except InputError as error:
            library, reason = plugin_library(targets), str(error)
    if library is None:
        raise InputError(
            "There is no plugin library to run the GRU layers in.",
            reason,
            "Build it with crnn-deploy build-plugin, or leave them to a slower loop of TensorRT's with --no-plugin.",
        )
    return library
