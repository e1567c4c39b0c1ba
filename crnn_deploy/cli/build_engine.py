"""`crnn-deploy build-engine`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.cli.written_files import artifact_facts, show_artifact
from crnn_deploy.engine.config import EngineConfig


def build_engine(config: EngineConfig, as_json: bool) -> None:
    """Build a TensorRT engine, and check which precision each layer runs in. Needs no GPU with tensorrt-rtx.

    \b
    Examples:
      crnn-deploy build-engine student.onnx --fp16 --target sm89 -o student.engine
      crnn-deploy build-engine student.onnx --fp16 --data train.tar --buckets 3 -o student.engine
      crnn-deploy build-engine student.trt.onnx --int8 --target sm86 --target sm89 -o student.int8.engine
    """
    with RichProgress() as progress:
        built = api.build_engine(config, progress)
    if as_json:
        show_json({**artifact_facts(built.artifact), "engine": built.record.model_dump(mode="json")}, config)
        return
    from crnn_deploy.report.engine.terminal import engine_tables

    show(engine_tables(built.record))
    show_artifact(built.artifact, config, as_json=False, reported=True)
