"""What stays of a build: the engine, its manifest, its lineage and its record."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import onnx

from crnn_deploy.artifact import Artifact
from crnn_deploy.engine.config import EngineConfig, EngineOptions
from crnn_deploy.engine.layers import count_layers, count_rescaling, realised_precisions
from crnn_deploy.engine.lowering.result import Lowered
from crnn_deploy.engine.plan_building import BuildOrder, BuiltPlan
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.record import EngineRecord, ImageFit, Int8Overhead, KeptLayer, LayerCount
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.files import replacing, write_text
from crnn_deploy.inspection.engine_facts import MULTIPLYING_KINDS
from crnn_deploy.inspection.facts import measure
from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, EnginePlugin, write_manifest
from crnn_deploy.runtime.tensorrt.messages import Messages
from crnn_deploy.spec import LineageStep


def log_path(engine: Path) -> Path:
    """`NAME.engine.log` of `NAME.engine`."""
    return engine.with_name(f"{engine.name}.log")


def rejected_log_path(engine: Path) -> Path:
    """`NAME.engine.rejected.log`: of a build that failed, so that the log of an engine that stays is not lost."""
    return engine.with_name(f"{engine.name}.rejected.log")


@contextlib.contextmanager
def logging_failure(engine: Path, log: Messages) -> Iterator[None]:
    """Where the block fails, write what TensorRT said; the error then tells where. One of an earlier build goes."""
    path = rejected_log_path(engine)
    try:
        yield
    except CrnnDeployError as error:
        try:
            write_text(path, log.text())
        except InputError:  # the disk may be full, which the error tells better
            raise error from None
        told = f"What TensorRT said is in {path}."
        raise type(error)(error.what, error.cause, f"{error.fix}\n{told}".lstrip()) from error
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def compose_record(
    config: EngineConfig,
    parent: Artifact,
    order: BuildOrder,
    lowered: Lowered,
    parity: LoweringParity | None,
    fit: ImageFit | None,
    built: BuiltPlan,
    log: Messages,
) -> EngineRecord:
    """All that is known after a build."""
    plugin = None if order.plugin is None else _plugin(order.plugin, built.plan)
    plugin_bytes = order.plugin.stat().st_size if order.plugin and plugin and plugin.embedded else 0
    return EngineRecord(
        options=EngineOptions.model_validate(config.model_dump(include=set(EngineOptions.model_fields))),
        flavor=order.flavor.name,
        version=order.flavor.trt.__version__,
        targets=order.targets,
        profiles=order.profiles,
        layers=tuple(
            LayerCount(kind=kind, precision=precision, count=count)
            for (kind, precision), count in count_layers(built.layers).items()
        ),
        recurrent=lowered.recurrent,
        kept_fp32=tuple(
            KeptLayer(name=name, reason=reason, realised=tuple(sorted(realised_precisions(built.layers, name))))
            for name, reason in lowered.kept_fp32.items()
        ),
        parity=parity,
        fit=fit,
        int8_overhead=_int8_overhead(built, len(built.plan) - plugin_bytes > parent.size_bytes),
        plugin=plugin,
        plugin_bytes=plugin_bytes,
        engine_bytes=len(built.plan),
        model_bytes=parent.size_bytes,
        seconds=round(built.seconds, 2),
        timing_cache=built.timing_cache,
        warnings=log.of("WARNING"),
        log=str(log_path(config.output)),
    )


def _int8_overhead(built: BuiltPlan, larger: bool) -> Int8Overhead | None:
    """What speaks for trying FP16: every second INT8 product or more needs FP32 beside it, or the engine has grown."""
    counts = count_layers(built.layers)
    products = sum(counts[kind, "int8"] for kind in MULTIPLYING_KINDS)
    rescaling = count_rescaling(built.layers)
    if products == 0 or not (larger or 2 * rescaling >= products):
        return None
    return Int8Overhead(rescaling=rescaling, layers=counts.total(), larger_than_model=larger)


def _plugin(library: Path, plan: bytes) -> EnginePlugin:
    """The library, and whether the engine holds it: TensorRT promises that for version-compatible engines only."""
    content = library.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return EnginePlugin(name=PLUGIN_NAME, version=PLUGIN_VERSION, library_sha256=digest, embedded=content in plan)


def write_engine(
    config: EngineConfig,
    parent: Artifact,
    model: onnx.ModelProto,
    order: BuildOrder,
    built: BuiltPlan,
    record: EngineRecord,
    log: Messages,
) -> Artifact:
    """Write the engine, its manifest and its log.

    The engine first: should the process end between both, the hash tells that they don't belong together.
    """
    facts = measure(parent)
    manifest = EngineManifest(
        flavor=record.flavor,
        version=record.version,
        precision=config.precision,
        compute_capabilities=record.targets,
        version_compatible=config.version_compatible,
        hardware_compatible=config.hardware_compatible,
        plugin=record.plugin,
        input_name=model.graph.input[0].name,
        output_name=model.graph.output[0].name,
        profiles=record.profiles,
        engine_sha256=hashlib.sha256(built.plan).hexdigest(),
        lowered_sha256=hashlib.sha256(order.model).hexdigest(),
        parent_sha256=parent.sha256,
        layers=built.layers,
        parameters=facts.parameters,
        macs=facts.macs,
        macs_input=facts.macs_input,
        tools=_tools(record),
    )
    spec = parent.spec.after(_step(config, parent, record))
    with replacing(config.output, config.force) as temporary:
        temporary.write_bytes(built.plan)
    write_manifest(config.output, spec, manifest)
    write_text(log_path(config.output), log.text())
    return Artifact(config.output, spec)


def _tools(record: EngineRecord) -> dict[str, str]:
    return {"onnx": importlib.metadata.version("onnx"), record.flavor: record.version}


def _step(config: EngineConfig, parent: Artifact, record: EngineRecord) -> LineageStep:
    """What the engine tells of its making. It holds no times and no bytes of TensorRT's, which vary."""
    return LineageStep(
        stage="build-engine",
        options=config.model_dump(include=set(EngineOptions.model_fields), mode="json"),
        parent_sha256=parent.sha256,
        tools=_tools(record),
        notes={
            "targets": list(record.targets),
            "profiles": [profile.model_dump(mode="json") for profile in record.profiles],
            "recurrent": {layer.name: layer.home for layer in record.recurrent},
            "kept_fp32": {layer.name: layer.reason for layer in record.kept_fp32},
        },
    )
