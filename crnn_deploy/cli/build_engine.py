"""`crnn-deploy build-engine`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import artifact_facts, show_artifact
from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.cli.options import SOURCE, Debug, Force, Json, as_config
from crnn_deploy.errors import InputError


def build_engine(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An .onnx artifact; for --int8 one of quantize --target tensorrt.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="The file to write; otherwise MODEL.engine.", show_default=False
        ),
    ] = None,
    fp16: Annotated[bool, typer.Option("--fp16", help="Half precision.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="INT8 as the model says, and FP16 for the rest.")] = False,
    fp32: Annotated[bool, typer.Option("--fp32", help="Single precision, not TF32.")] = False,
    flavor: Annotated[str, typer.Option(help="auto, tensorrt (needs a GPU to build) or tensorrt-rtx.")] = "auto",
    target: Annotated[
        list[str],
        typer.Option(
            metavar="SM", help="A GPU to build for, such as sm89 or 8.9; may be repeated. Otherwise this machine's."
        ),
    ] = [],  # noqa: B006
    data: Annotated[
        str | None, typer.Option(metavar=SOURCE, help="Real images: for widths, and to compare with the model.")
    ] = None,
    profile: Annotated[
        list[str],
        typer.Option(
            metavar="MIN,OPT,MAX",
            help="Input shapes that the engine takes, each BATCHxWIDTH, such as 1x32,8x320,16x640; may be repeated.",
        ),
    ] = [],  # noqa: B006
    buckets: Annotated[
        int | None,
        typer.Option(help="Make a profile for each of so many ranges of width in --data.", show_default=False),
    ] = None,
    max_batch: Annotated[int, typer.Option(help="Most images at once; not with --profile.")] = 16,
    plugin: Annotated[
        bool, typer.Option("--plugin/--no-plugin", help="Run GRU layers in our plugin, or in a loop of TensorRT's.")
    ] = True,
    embed_plugin: Annotated[
        bool, typer.Option("--embed-plugin/--no-embed-plugin", help="Put the plugin library into the engine.")
    ] = True,
    keep_fp32: Annotated[
        list[str], typer.Option(metavar="NODE", help="An ONNX node that stays in FP32; may be repeated.")
    ] = [],  # noqa: B006
    version_compatible: Annotated[
        bool, typer.Option("--version-compatible", help="For later versions of TensorRT too; not with tensorrt-rtx.")
    ] = False,
    hardware_compatible: Annotated[
        bool, typer.Option("--hardware-compatible", help="For all GPUs from Ampere on; not with tensorrt-rtx.")
    ] = False,
    optimization_level: Annotated[
        int | None, typer.Option(help="Effort of TensorRT's search, 0 to 5.", show_default=False)
    ] = None,
    workspace_mb: Annotated[
        int | None, typer.Option(help="Most scratch memory of a layer in MB.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Build a TensorRT engine, and prove which precision each layer runs in. Needs no GPU with tensorrt-rtx.

    \b
    Examples:
      crnn-deploy build-engine student.onnx --fp16 --target sm89 -o student.engine
      crnn-deploy build-engine student.onnx --fp16 --data train.tar --buckets 3 -o student.engine
      crnn-deploy build-engine student.trt.onnx --int8 --target sm86 --target sm89 -o student.int8.engine
    """
    chosen = [name for name, given in (("fp16", fp16), ("int8", int8), ("fp32", fp32)) if given]
    if len(chosen) != 1:
        told = "only one precision" if chosen else "the precision"
        raise InputError(f"build-engine needs to know {told}.", fix="Give one of --fp16, --int8 and --fp32.")
    if not model.name:
        raise InputError("The name of the model is empty.", fix="Check the command, or the variable behind it.")
    from crnn_deploy.engine.build_engine import build_engine as build
    from crnn_deploy.engine.config import EngineConfig
    from crnn_deploy.report.engine.terminal import engine_tables

    given = {"model": model, "output": output or model.with_suffix(".engine"), "precision": chosen[0]}
    given |= {"flavor": flavor, "targets": target, "data": data, "profiles": profile, "buckets": buckets}
    given |= {"max_batch": max_batch, "plugin": plugin, "embed_plugin": embed_plugin, "keep_fp32": keep_fp32}
    given |= {"version_compatible": version_compatible, "hardware_compatible": hardware_compatible}
    given |= {"optimization_level": optimization_level, "workspace_mb": workspace_mb, "force": force}
    config = as_config(EngineConfig, given)
    with RichProgress() as progress:
        made = build(config, progress)
    if as_json:
        show_json(artifact_facts(made.artifact) | {"engine": made.record.model_dump(mode="json")})
        return
    show(engine_tables(made.record))
    show_artifact(made.artifact, as_json=False)
