"""`crnn-deploy doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, facts_table, show, show_json

if TYPE_CHECKING:
    from crnn_deploy.cache_limit import CacheState
    from crnn_deploy.environment import Environment


def doctor(as_json: bool) -> None:
    """Say what this machine has, what each missing thing would bring, and what the cache folder holds.

    CRNN_DEPLOY_CACHE_LIMIT=20GB limits the cache folder, by default to 50 GB: what was used longest ago is removed
    first.

    \b
    Examples:
      crnn-deploy doctor
      crnn-deploy doctor --json
    """
    with RichProgress():
        diagnosis = api.doctor()
    if as_json:
        missing = [thing.model_dump() for thing in diagnosis.missing]
        facts = diagnosis.environment.model_dump(mode="json")
        show_json({**facts, "missing": missing, "cache": _cache_facts(diagnosis.cache)})
        return
    show(facts_table(_lines(diagnosis.environment)))
    show("\n[bold]Cache[/bold]")
    show(facts_table(_cache_lines(diagnosis.cache)))
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


def _cache_lines(cache: CacheState) -> list[tuple[str, str]]:
    from crnn_deploy.units import size

    kinds = [(kind.holds, f"{size(kind.bytes)} in {kind.entries:,}") for kind in cache.kinds]
    in_all = f"{size(cache.bytes)} of at most {size(cache.limit_bytes)}"
    return [("folder", str(cache.folder)), *kinds, ("in all", in_all)]


def _cache_facts(cache: CacheState) -> dict[str, object]:
    return {**asdict(cache), "folder": str(cache.folder), "bytes": cache.bytes}


def _versions(packages: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())
