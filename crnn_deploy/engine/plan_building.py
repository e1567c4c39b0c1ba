"""Build the bytes of an engine from an ONNX model, by the functions that all flavors of TensorRT have."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import onnx

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.network_inputs import input_shapes
from crnn_deploy.engine.build_progress import Phases, monitor, run_watched
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.engine.flavors import Flavor
from crnn_deploy.engine.layers import LAYERS_HEADING, parse_layers
from crnn_deploy.engine.lowering.result import Lowered
from crnn_deploy.engine.timing_cache import CacheUse, TimingCache
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.operators import DOMAIN
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer, ShapeProfile
from crnn_deploy.runtime.tensorrt.messages import COMPLAINTS, Messages, hearing
from crnn_deploy.runtime.tensorrt.names import TITLES
from crnn_deploy.runtime.tensorrt.session import load_plugin

_MEGABYTE = 1 << 20
_SHOWN_ERRORS = 5
_INTERNAL = re.compile(r"Exception: \S+\.cpp:\d+: CHECK|Unexpected exception|Unexpected Internal Error")
"""Complaints about TensorRT itself: a check of its compiler failed, or its code did."""


@dataclass(frozen=True)
class BuildOrder:
    """One engine to build."""

    config: EngineConfig
    parent: Artifact
    lowered: Lowered
    flavor: Flavor
    targets: tuple[str, ...]
    profiles: tuple[ShapeProfile, ...]
    plugin: Path | None
    """Library with the plugins that the model needs."""

    @cached_property
    def model(self) -> bytes:
        """Serialised ONNX, every tensor with its type; without bodies of our ops, which TensorRT would run instead."""
        bare = onnx.ModelProto()
        bare.CopyFrom(self.lowered.model)
        kept = [function for function in bare.functions if function.domain != DOMAIN]
        del bare.functions[:]
        bare.functions.extend(kept)
        content: bytes = bare.SerializeToString(deterministic=True)
        return content


@dataclass(frozen=True)
class BuiltPlan:
    """The bytes of an engine, and what TensorRT reports of it."""

    order: BuildOrder
    plan: bytes
    layers: tuple[EngineLayer, ...]
    seconds: float
    timing_cache: CacheUse


def build_plan(order: BuildOrder, log: Messages, progress: Progress = SILENT) -> BuiltPlan:
    """Build an engine of a strongly typed network: each layer runs in the type that the model has.

    Args:
        log: receives every message, also where the build fails.

    Raises:
        InputError: if TensorRT cannot parse the model or build an engine of it; names the node where it is known.
    """
    with hearing(order.flavor.trt, log) as logger:
        return _build_plan(order, logger, log, progress)


def _build_plan(order: BuildOrder, logger: Any, log: Messages, progress: Progress) -> BuiltPlan:
    trt = order.flavor.trt
    builder = trt.Builder(logger)
    if order.plugin is not None:
        order.flavor.prepare_parser()
        load_plugin(builder, order.plugin)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(order, network, logger)
    config, cache = _configure(order, builder, network), TimingCache(order.flavor, order.targets)
    cache_use = cache.load(config)
    start = time.perf_counter()
    plan = _build(trt, builder, network, config, progress)
    if plan is None:
        complaint = _first(log.of(*COMPLAINTS))
        raise InputError(
            f"{TITLES[order.flavor.name]} could not build the engine.", complaint, _advice(order, complaint)
        )
    seconds = time.perf_counter() - start
    cache.save(config)
    dumps = log.starting_with(LAYERS_HEADING)
    loops = [layer.name for layer in order.lowered.recurrent if layer.home == "loop"]
    return BuiltPlan(order, bytes(plan), parse_layers(dumps[-1], loops) if dumps else (), seconds, cache_use)


def _advice(order: BuildOrder, complaint: str) -> str:
    """Changes of the options that may help against what TensorRT complains of."""
    options, preprocessing = order.config, order.parent.spec.preprocessing
    inside, any_width = _INTERNAL.search(complaint), preprocessing.any_size
    ways = []
    if options.workspace_mb is not None and not inside:
        ways.append(f"give more than --workspace-mb {options.workspace_mb} or leave it out")
    if len(options.targets) > 1:
        ways.append("leave out the --target that it names")
    if options.precision != "fp32" and not inside:
        ways.append("keep the layer in FP32 with --keep-fp32")
    if inside and preprocessing.width is None and order.lowered.recurrent:
        height = preprocessing.height
        width = preprocessing.with_padding(10 * height)
        ways.append(
            f"build for a single width, such as --profile 1x{width},8x{width},16x{width}, where lines can be padded to "
            "it: TensorRT writes out loops of known length, which avoids some of its errors"
        )
    elif any_width and not inside:
        ways.append("choose other profiles")
    if inside or not ways:
        ways.append(f"build with another version of {TITLES[order.flavor.name]}")
    sentence = ", or ".join(filter(None, (", ".join(ways[:-1]), ways[-1])))
    told = f"This is an error inside {TITLES[order.flavor.name]}, not in the model. " if inside else ""
    return f"{told}{sentence[0].upper()}{sentence[1:]}."


def _parse(order: BuildOrder, network: Any, logger: Any) -> None:
    trt = order.flavor.trt
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(order.model):
        errors = [parser.get_error(index) for index in range(parser.num_errors)]
        raise InputError(
            f"{TITLES[order.flavor.name]} cannot take this model.",
            _first(tuple(dict.fromkeys(_parser_error(error) for error in errors))),
            "Export the model without what is named above.",
        )


def _parser_error(error: Any) -> str:
    where = f"{error.node_operator()} {error.node_name()}: ".lstrip() if error.node_operator() else ""
    return f"{where}{error.desc()}"


def _configure(order: BuildOrder, builder: Any, network: Any) -> Any:
    trt, options = order.flavor.trt, order.config
    config = builder.create_builder_config()
    order.flavor.configure(config, order.targets, options)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # lists the layers
    config.clear_flag(trt.BuilderFlag.TF32)  # on by default: FP32 layers would compute with 10 bits of mantissa
    if options.optimization_level is not None:
        config.builder_optimization_level = options.optimization_level
    if options.workspace_mb is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mb * _MEGABYTE)
    if order.plugin is not None and options.embed_plugin:
        config.plugins_to_serialize = [str(order.plugin)]
    names = [network.get_input(index).name for index in range(network.num_inputs)]
    for shapes in order.profiles:
        profile = builder.create_optimization_profile()
        sizes = (input_shapes(shape, order.parent.spec.preprocessing) for shape in (shapes.min, shapes.opt, shapes.max))
        for name, low, best, high in zip(names, *sizes, strict=True):
            profile.set_shape(name, low, best, high)
        if config.add_optimization_profile(profile) < 0:
            raise InputError(f"TensorRT refuses the profile from {shapes.min} to {shapes.max}.")
    return config


def _build(trt: Any, builder: Any, network: Any, config: Any, progress: Progress) -> Any:
    phases = Phases()

    def work(changed: Callable[[], None]) -> Any:
        config.progress_monitor = watcher = monitor(trt, phases, changed)
        plan = builder.build_serialized_network(network, config)
        del watcher
        return plan

    return run_watched(work, phases, progress)


def _first(messages: tuple[str, ...]) -> str:
    more = len(messages) - _SHOWN_ERRORS
    return "\n".join((*messages[:_SHOWN_ERRORS], *([f"and {more} more"] if more > 0 else [])))
