"""`crnn-deploy build-plugin`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from crnn_deploy.cli.console import RichProgress, show, show_json, show_written
from crnn_deploy.cli.options import Debug, Force, Json

if TYPE_CHECKING:
    from crnn_deploy.native.plugin import BuiltPlugin


def build_plugin(
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="ARCHITECTURE", help="A GPU architecture such as sm89; repeat it for several."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="Where to copy the library to.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Compile the TensorRT plugin that runs GRU layers on NVIDIA GPUs. Needs nvcc, but no GPU and no TensorRT.

    The library is kept in a cache, where engines find it, and compiled again when crnn-deploy or nvcc change.

    \b
    Examples:
      crnn-deploy build-plugin
      crnn-deploy build-plugin --target sm89 -o libcrnn_deploy_trt.so
    """
    from crnn_deploy.native.plugin import PluginConfig
    from crnn_deploy.native.plugin import build_plugin as build

    config = PluginConfig(architectures=tuple(target or ()), output=output, force=force)
    with RichProgress() as progress:
        built = build(config, progress)
    if as_json:
        show_json(built.facts())
        return
    show(_table(built))
    show_written(built.path, _details(built))


def _details(built: BuiltPlugin) -> str:
    from crnn_deploy.units import significant, size

    made = "from the cache" if built.from_cache else f"compiled in {significant(built.seconds)} s"
    return f"{size(built.bytes)}, {made}, nvcc {built.nvcc}"


def _table(built: BuiltPlugin) -> Table:
    """The largest figures of each architecture."""
    from crnn_deploy.units import size

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("architecture", style="bold")
    for title in ("kernels", "most registers", "most spilled", "most static shared memory"):
        table.add_column(title, justify="right")
    for name in built.architectures:
        kernels = [found for found in built.resources if found.architecture == name]
        table.add_row(
            name,
            str(len(kernels)),
            str(max((found.registers for found in kernels), default=0)),
            size(max((found.spilled_bytes for found in kernels), default=0)),
            size(max((found.shared_bytes for found in kernels), default=0)),
        )
    return table
