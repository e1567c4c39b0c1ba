"""The files of a finished build: the engine, its manifest with the lineage, and its log."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.engine.config import EngineOptions
from crnn_deploy.engine.layers import realised_precisions
from crnn_deploy.engine.plan_building import BuildOrder, BuiltPlan
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.record import EngineRecord, ImageFit, KeptLayer
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.files import companion, replacing, write_text
from crnn_deploy.inspection.measure import measure
from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, EnginePlugin, write_manifest
from crnn_deploy.runtime.tensorrt.messages import Messages
from crnn_deploy.spec import LineageStep


def log_path(engine: Path) -> Path:
    """`NAME.engine.log` of `NAME.engine`."""
    return companion(engine, ".log")


def rejected_log_path(engine: Path) -> Path:
    """`NAME.engine.rejected.log`: of a build that failed, so that the log of an engine that stays is not lost."""
    return companion(engine, ".rejected.log")


@contextlib.contextmanager
def logging_failure(engine: Path, log: Messages) -> Iterator[None]:
    """Where the block fails, write TensorRT's messages to a file that the error names; else remove an older one."""
    path = rejected_log_path(engine)
    try:
        yield
    except CrnnDeployError as error:
        try:
            write_text(path, log.text())
        except InputError:  # such as a full disk, which the error explains better
            raise error from None
        error.with_fix(f"What TensorRT said is in {path}.")
        raise
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def compose_record(
    built: BuiltPlan, parity: LoweringParity | None, fit: ImageFit | None, log: Messages
) -> EngineRecord:
    """The record of a build.

    Args:
        parity: how the lowered graph reads real images; None without any.
        fit: of the real images into the profiles; None without any.
    """
    order = built.order
    plugin = None if order.plugin is None else _plugin(order.plugin, built.plan)
    return EngineRecord(
        manifest=_manifest(built, plugin),
        recurrent=order.lowered.recurrent,
        kept_fp32=tuple(
            KeptLayer(name=name, reason=reason, realised=tuple(sorted(realised_precisions(built.layers, name))))
            for name, reason in order.lowered.kept_fp32.items()
        ),
        parity=parity,
        fit=fit,
        plugin_bytes=order.plugin.stat().st_size if order.plugin and plugin and plugin.embedded else 0,
        engine_bytes=len(built.plan),
        model_bytes=order.parent.size_bytes,
        seconds=round(built.seconds, 2),
        timing_cache=built.timing_cache,
        warnings=log.of("WARNING"),
        log=str(log_path(order.config.output)),
    )


def _manifest(built: BuiltPlan, plugin: EnginePlugin | None) -> EngineManifest:
    order, facts = built.order, measure(built.order.parent)
    graph, version = order.lowered.model.graph, order.flavor.trt.__version__
    return EngineManifest(
        flavor=order.flavor.name,
        version=version,
        precision=order.config.precision,
        compute_capabilities=order.targets,
        version_compatible=order.config.version_compatible,
        hardware_compatible=order.config.hardware_compatible,
        plugin=plugin,
        input_name=graph.input[0].name,
        other_inputs=tuple(value.name for value in graph.input[1:]),
        output_name=graph.output[0].name,
        profiles=order.profiles,
        engine_sha256=hashlib.sha256(built.plan).hexdigest(),
        lowered_sha256=hashlib.sha256(order.model).hexdigest(),
        parent_sha256=order.parent.sha256,
        layers=built.layers,
        parameters=facts.parameters,
        macs=facts.macs,
        macs_input=facts.macs_input,
        tools={"onnx": importlib.metadata.version("onnx"), order.flavor.name: version},
    )


def _plugin(library: Path, plan: bytes) -> EnginePlugin:
    """The library, and whether the engine holds it: TensorRT promises that for version-compatible engines only."""
    content = library.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return EnginePlugin(name=PLUGIN_NAME, version=PLUGIN_VERSION, library_sha256=digest, embedded=content in plan)


def write_engine(built: BuiltPlan, record: EngineRecord, log: Messages) -> Artifact:
    """Write the engine, its manifest and its log.

    The engine first: should the process end between the two, the hash shows that they don't belong together.
    """
    config, parent = built.order.config, built.order.parent
    spec = parent.spec.after(_step(built.order, record))
    with replacing(config.output, config.force) as temporary:
        temporary.write_bytes(built.plan)
    write_manifest(config.output, spec, record.manifest)
    write_text(log_path(config.output), log.text())
    return Artifact(config.output, spec)


def _step(order: BuildOrder, record: EngineRecord) -> LineageStep:
    """The lineage of the engine. It has no times and none of TensorRT's bytes: both vary."""
    return LineageStep(
        stage="build-engine",
        options=order.config.model_dump(include=set(EngineOptions.model_fields), mode="json"),
        parent_sha256=order.parent.sha256,
        tools=record.manifest.tools,
        notes={
            "targets": list(order.targets),
            "profiles": [profile.model_dump(mode="json") for profile in order.profiles],
            "recurrent": {layer.name: layer.home for layer in record.recurrent},
            "kept_fp32": {layer.name: layer.reason for layer in record.kept_fp32},
        },
    ).reserved(record.reservation)
