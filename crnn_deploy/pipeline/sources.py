"""The images of a run: rendered if the recipe asks for it, opened, and checked not to overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.artifact import read_spec
from crnn_deploy.data.checking import first_usable
from crnn_deploy.data.overlap import check_disjoint, fingerprint
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines, texts_digest
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.files import locate
from crnn_deploy.pipeline.recipe import ImageChoice, Recipe
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import Progress
from crnn_deploy.training.config import TrainingImages
from crnn_deploy.training.vector import names_in

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
    wanted, opening = recipe.sources, _Opening(recipe, cache, progress)
    train = opening.open("train", wanted.train, recipe.distill.labels)
    extra = opening.open("extra", wanted.extra, True) if wanted.extra else None
    evaluation = opening.open("evaluation", wanted.evaluation, True)
    validation = opening.open("validation", wanted.validation, True) if wanted.validation else None
    calibration = opening.open("calibration", wanted.calibration, False) if wanted.calibration else train
    if not recipe.evaluate.skip_bad:
        _check_decodes(evaluation.source, progress)
    others = {"training": train, "extra": extra, "validation": validation, "calibration": calibration}
    for role, images in others.items():
        if images is not None and not (role == "calibration" and images is train):
            check_disjoint({role: images.source, "evaluation": evaluation.source})
    return RunSources(train, extra, validation, calibration, evaluation)


def _check_decodes(source: Source, progress: Progress) -> None:
    """Fail now if an image is broken, and not when the training before the evaluation is done."""
    first_usable(source, range(len(source)), len(source), skip_bad=False, progress=progress)


@dataclass(frozen=True)
class _Opening:
    """How the sources of a recipe are opened."""

    recipe: Recipe
    cache: StageCache
    progress: Progress

    def open(self, role: str, wanted: ImageChoice, needs_labels: bool) -> RunSource:
        location = _render(role, wanted.render, self.cache, self.progress) if wanted.render else str(wanted.path)
        opened = open_source(location, self.progress, needs_labels)
        source = with_vector(opened, self._vector(opened), progress=self.progress)
        return RunSource(location, source, fingerprint(source))

    def _vector(self, source: Source) -> tuple[str, ...]:
        """The numbers beside each picture that the baseline takes: its results depend on them."""
        baseline = self.recipe.baseline
        if baseline.train is not None:
            return names_in(source, baseline.train.vector)
        assert baseline.checkpoint is not None, "a choice is one of the two"
        path = locate(baseline.checkpoint)
        spec = read_spec(path) if path.suffix in (".safetensors", ".onnx") and path.is_file() else None
        return () if spec is None else spec.preprocessing.vector_names


def _render(role: str, options: RenderOptions, cache: StageCache, progress: Progress) -> str:

    def work(folder: Path) -> None:
        render_lines(options, folder / _LINES, force=True, progress=progress)

    depends = {"render": options.model_dump(mode="json"), "texts": texts_digest(options)}
    return cache.result("render", role, depends, work, lambda folder: str(folder / _LINES))
