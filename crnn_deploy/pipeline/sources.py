"""The images of a run: rendered where the recipe says so, opened, and checked not to overlap."""

from __future__ import annotations

from dataclasses import dataclass

from crnn_deploy.data.checking import without_broken
from crnn_deploy.data.overlap import check_disjoint, fingerprint
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.source import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.pipeline.recipe import ImageChoice, Recipe
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import Progress


@dataclass(frozen=True)
class RunSource:
    """An opened source, where it lies, and the hash of all that is in it."""

    location: str
    source: Source
    fingerprint: str


@dataclass(frozen=True)
class RunSources:
    """The images for each purpose; `calibration` are those of `train` where the recipe gives none."""

    train: RunSource
    extra: RunSource | None
    validation: RunSource | None
    calibration: RunSource
    evaluation: RunSource


def open_sources(recipe: Recipe, cache: StageCache, progress: Progress) -> RunSources:
    """Render and open what the recipe names.

    Raises:
        InputError: if one can't be opened, or shares images with the evaluation set.
    """
    wanted = recipe.sources
    train = _open("train", wanted.train, cache, progress)
    extra = _open("extra", wanted.extra, cache, progress) if wanted.extra else None
    evaluation = _open("evaluation", wanted.evaluation, cache, progress)
    validation = _open("validation", wanted.validation, cache, progress) if wanted.validation else None
    calibration = _open("calibration", wanted.calibration, cache, progress) if wanted.calibration else train
    if not recipe.evaluate.skip_bad:
        without_broken(evaluation.source, skip_bad=False, progress=progress)  # now, rather than behind the training
    others = {"training": train, "extra": extra, "validation": validation, "calibration": calibration}
    for role, images in others.items():
        if images is not None and not (role == "calibration" and images is train):
            check_disjoint({role: images.source, "evaluation": evaluation.source})
    return RunSources(train, extra, validation, calibration, evaluation)


def _open(role: str, wanted: ImageChoice, cache: StageCache, progress: Progress) -> RunSource:
    location = wanted.path or _render(role, wanted.render, cache, progress)
    source = open_source(location)
    return RunSource(location, source, fingerprint(source))


def _render(role: str, options: RenderOptions | None, cache: StageCache, progress: Progress) -> str:
    assert options is not None  # a recipe gives a path or this
    folder = cache.folder(
        f"render-{role}",
        {"render": options.model_dump(mode="json")},
        lambda folder: render_lines(options, folder / "lines.tar", force=True, progress=progress),
    )
    return str(folder / "lines.tar")
