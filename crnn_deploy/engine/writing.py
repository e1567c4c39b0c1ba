"""What stays of a build: the engine, its manifest, its lineage and its record."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

import onnx

from crnn_deploy.artifact import Artifact
from crnn_deploy.engine.building import BuildOrder, BuiltPlan
from crnn_deploy.engine.config import EngineConfig, EngineOptions
from crnn_deploy.engine.layers import count_layers, realised_precisions
from crnn_deploy.engine.lowering import Lowered
from crnn_deploy.engine.parity import LoweringParity
from crnn_deploy.engine.record import EngineRecord, KeptLayer, LayerCount
from crnn_deploy.files import replacing
from crnn_deploy.inspection import measure
from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION
from crnn_deploy.runtime.engine_manifest import EngineManifest, EnginePlugin, write_manifest
from crnn_deploy.runtime.tensorrt_messages import Messages
from crnn_deploy.spec import LineageStep


def log_path(engine: Path) -> Path:
    """`NAME.engine.log` of `NAME.engine`."""
    return engine.with_name(f"{engine.name}.log")


def compose_record(
    config: EngineConfig,
    parent: Artifact,
    order: BuildOrder,
    lowered: Lowered,
    parity: LoweringParity | None,
    built: BuiltPlan,
    log: Messages,
) -> EngineRecord:
    """All that is known after a build."""
    plugin = None if order.plugin is None else _plugin(order.plugin, built.plan)
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
        plugin=plugin,
        plugin_bytes=order.plugin.stat().st_size if order.plugin and plugin and plugin.embedded else 0,
        engine_bytes=len(built.plan),
        model_bytes=parent.size_bytes,
        seconds=round(built.seconds, 2),
        timing_cache=built.timing_cache,
        warnings=log.of("WARNING"),
        log=log_path(config.output).name,
    )


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
) -> Artifact:
    """Write the engine and its manifest.

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
