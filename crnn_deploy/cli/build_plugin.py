"""`crnn-deploy build-plugin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show, show_json, show_written
from crnn_deploy.native.plugin.config import PluginConfig

if TYPE_CHECKING:
    from crnn_deploy.native.plugin import BuiltPlugin


def build_plugin(config: PluginConfig, as_json: bool) -> None:
    """Compile the TensorRT plugin that runs GRU layers on NVIDIA GPUs. Needs nvcc, but no GPU and no TensorRT.

    The library is kept in a cache, where engines find it, and compiled again when crnn-deploy or nvcc change.

    \b
    Examples:
      crnn-deploy build-plugin
      crnn-deploy build-plugin --target sm89 -o libcrnn_deploy_trt.so
    """
    with RichProgress() as progress:
        built = api.build_plugin(config, progress)
    if as_json:
        show_json(built.facts(), config)
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
        kernels = [kernel for kernel in built.resources if kernel.architecture == name]
        table.add_row(
            name,
            str(len(kernels)),
            str(max((kernel.registers for kernel in kernels), default=0)),
            size(max((kernel.spilled_bytes for kernel in kernels), default=0)),
            size(max((kernel.shared_bytes for kernel in kernels), default=0)),
        )
    return table
