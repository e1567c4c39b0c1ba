"""`crnn-deploy doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, facts_table, show, show_json

if TYPE_CHECKING:
    from crnn_deploy.environment import Environment


def doctor(as_json: bool) -> None:
    """Say what this machine has, and what each missing thing would bring.

    \b
    Examples:
      crnn-deploy doctor
      crnn-deploy doctor --json
    """
    with RichProgress():
        diagnosis = api.doctor()
    if as_json:
        missing = [thing.model_dump() for thing in diagnosis.missing]
        show_json({**diagnosis.environment.model_dump(mode="json"), "missing": missing})
        return
    show(facts_table(_lines(diagnosis.environment)))
    if diagnosis.missing:
        show("\n[bold]Missing[/bold]")
        show(facts_table((thing.thing, f"would bring {thing.brings} ({thing.get})") for thing in diagnosis.missing))


def _lines(e: Environment) -> list[tuple[str, str]]:
    from crnn_deploy.units import size

    return [
        ("processor", f"{e.processor}, {e.cores} cores, {size(e.memory_bytes)} memory"),
        ("instruction sets", ", ".join(e.instruction_sets) or "none that matter here"),
        ("system", f"{e.platform}, Python {e.python}"),
        ("packages", _versions(e.packages)),
        ("ONNX Runtime", ", ".join(e.providers)),
        ("INT8 GRU/LSTM kernels", e.kernels or "none"),
        ("GPUs", ", ".join(e.gpus) or "none"),
        ("TensorRT", _versions(e.tensorrt) or "none"),
        ("compilers", ", ".join(e.compilers) or "none"),
    ]


def _versions(packages: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())
