"""The images of a run: rendered if the recipe asks for it, opened, and checked not to overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.data.checking import without_broken
from crnn_deploy.data.overlap import check_disjoint, fingerprint
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.pipeline.recipe import ImageChoice, Recipe
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import Progress
from crnn_deploy.training.config import TrainingImages

_LINES = "lines.tar"


@dataclass(frozen=True)
class RunSource:
    """An opened source, its location, and the hash of its content."""

    location: str
    source: Source
    fingerprint: str


@dataclass(frozen=True)
class RunSources:
    """The images for each purpose; `calibration` are those of `train` if the recipe names none."""

    train: RunSource
    extra: RunSource | None
    validation: RunSource | None
    calibration: RunSource
    evaluation: RunSource

    def training_images(self, output: Path) -> TrainingImages:
        """The images of a training that writes to `output`."""
        return TrainingImages(
            data=self.train.location,
            extra=self.extra.location if self.extra else None,
            validation=self.validation.location if self.validation else None,
            output=output,
            force=True,
        )


def open_sources(recipe: Recipe, cache: StageCache, progress: Progress) -> RunSources:
    """Render and open the sources of the recipe.

    Raises:
        InputError: if one can't be opened, or shares images with the evaluation set.
    """
    wanted = recipe.sources
    train = _open("train", wanted.train, recipe.distill.labels, cache, progress)
    extra = _open("extra", wanted.extra, True, cache, progress) if wanted.extra else None
    evaluation = _open("evaluation", wanted.evaluation, True, cache, progress)
    validation = _open("validation", wanted.validation, True, cache, progress) if wanted.validation else None
    calibration = _open("calibration", wanted.calibration, False, cache, progress) if wanted.calibration else train
    if not recipe.evaluate.skip_bad:
        without_broken(evaluation.source, skip_bad=False, progress=progress)  # fail before training starts
    others = {"training": train, "extra": extra, "validation": validation, "calibration": calibration}
    for role, images in others.items():
        if images is not None and not (role == "calibration" and images is train):
            check_disjoint({role: images.source, "evaluation": evaluation.source})
    return RunSources(train, extra, validation, calibration, evaluation)


def _open(role: str, wanted: ImageChoice, needs_labels: bool, cache: StageCache, progress: Progress) -> RunSource:
    location = _render(role, wanted.render, cache, progress) if wanted.render else str(wanted.path)
    source = open_source(location, progress, needs_labels)
    return RunSource(location, source, fingerprint(source))


def _render(role: str, options: RenderOptions, cache: StageCache, progress: Progress) -> str:

    def work(folder: Path) -> None:
        render_lines(options, folder / _LINES, force=True, progress=progress)

    depends = {"render": options.model_dump(mode="json")}
    return cache.result("render", role, depends, work, lambda folder: str(folder / _LINES))
