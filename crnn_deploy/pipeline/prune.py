"""`run --prune`: removes from the folder of a run what its recipe does not refer to. It runs no stage."""

from __future__ import annotations

import contextlib
from pathlib import Path

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.files import leftovers, printable
from crnn_deploy.folders import bytes_in
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.engine_tools import EngineTools
from crnn_deploy.pipeline.recipe import Recipe, load_recipe
from crnn_deploy.pipeline.run import engine_tools, examined, run_folder
from crnn_deploy.pipeline.run_folder import RunFolder
from crnn_deploy.pipeline.sources import open_sources
from crnn_deploy.pipeline.stage_cache import NotMadeError, StageCache
from crnn_deploy.pipeline.stage_pruning import Disused, Kind, Referred, disused, foreign_files
from crnn_deploy.pipeline.stages import Stages
from crnn_deploy.pipeline.variants import VariantMaker
from crnn_deploy.progress import SILENT, Progress


class PrunedPart(Frozen):
    """Something that was removed, or would be: its path in the folder of the run, and the bytes that it took."""

    path: str
    kind: Kind
    bytes: int


class Pruned(Frozen):
    """What `run --prune` did in the folder of a run.

    Attributes:
        dry_run: whether nothing was removed.
        foreign: paths of files that crnn-deploy did not write; they stay.
        missing: stages of the recipe without a result. What later stages stored stays, because it may be of use.
        bytes_before: of all files in the folder.
        bytes_after: the same at the end, or what would be left.
    """

    folder: Path
    dry_run: bool
    removed: tuple[PrunedPart, ...]
    foreign: tuple[str, ...]
    missing: tuple[str, ...]
    bytes_before: int
    bytes_after: int


def prune(config: RunConfig, progress: Progress = SILENT) -> Pruned:
    """Remove what the recipe does not refer to: results of other options or data, unfinished work, temporary files.

    What the recipe can still use or continue stays, and so do files that crnn-deploy did not write.

    Raises:
        InputError: if the recipe or its data can't be used, there is no run in the folder, or one is in progress.
    """
    recipe = load_recipe(config.recipe, config.settings)
    folder = run_folder(config, recipe)
    if not folder.stages.is_dir():
        raise InputError(
            f"{folder.path} holds no results of a run.",
            "The recipe has not run yet, or with another name or --out.",
            "Give the options of the run, and add --prune.",
        )
    with folder.locked():
        tools = engine_tools(recipe)
        cache = _looked_up(recipe, tools, config, folder, progress)
        complete = not cache.missing and not isinstance(tools, InputError)  # engines of another machine stay
        referred = Referred(cache.used, complete, config.keep_days)
        temporary = [Disused(path, "temporary", (path,)) for path in leftovers(folder.path)]
        parts = [*temporary, *disused(folder.stages, referred)]
        return _pruned(folder.path, parts, foreign_files(folder.stages), cache.missing, config.dry_run)


def _looked_up(
    recipe: Recipe, tools: EngineTools | InputError | None, config: RunConfig, folder: RunFolder, progress: Progress
) -> StageCache:
    """The stored results of a recipe, as far as they can be known without running a stage."""
    cache = StageCache(folder.stages, SILENT, only_stored=True)
    with contextlib.suppress(NotMadeError):
        stages = Stages(recipe, open_sources(recipe, cache, progress), cache, SILENT, config.trust_module)
        made = VariantMaker(stages, tools, SILENT).make()
        if not cache.missing:  # otherwise what is compared would not be all that the recipe compares
            examined(made.variants, stages)
    return cache


def _pruned(folder: Path, parts: list[Disused], beside: list[Path], missing: list[str], dry_run: bool) -> Pruned:
    before = bytes_in(folder)
    removed = tuple(
        PrunedPart(path=_inside(folder, part.path), kind=part.kind, bytes=part.bytes) for part in parts if part.files
    )
    foreign = [*beside, *(file for part in parts for file in part.foreign)]
    if not dry_run:
        for part in parts:
            part.remove()
    return Pruned(
        folder=folder,
        dry_run=dry_run,
        removed=removed,
        foreign=tuple(_inside(folder, path) for path in foreign),
        missing=tuple(missing),
        bytes_before=before,
        bytes_after=before - sum(part.bytes for part in removed) if dry_run else bytes_in(folder),
    )


def _inside(folder: Path, path: Path) -> str:
    return printable(path.relative_to(folder).as_posix())
