"""The images of a run: rendered if the recipe asks for it, opened, and checked not to overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.artifact import open_artifact, read_spec
from crnn_deploy.data.checking import first_usable
from crnn_deploy.data.overlap import check_disjoint, fingerprint
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines, texts_digest
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.files import locate
from crnn_deploy.joining.config import JoinConfig, JoinOptions
from crnn_deploy.joining.join import join
from crnn_deploy.pipeline.recipe import ImageChoice, MoreImages, Recipe
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import Progress
from crnn_deploy.training.config import TrainingImages
from crnn_deploy.training.vector import names_in
from crnn_deploy.zoo import READER

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
    extra: tuple[RunSource, ...]
    validation: RunSource | None
    calibration: RunSource
    evaluation: RunSource

    def training_images(self, output: Path) -> TrainingImages:
        """The images of a training that writes to `output`."""
        return TrainingImages(
            data=self.train.location,
            extra=tuple(each.location for each in self.extra),
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
    extra = tuple(opening.open_more(each, train) for each in wanted.extra)
    evaluation = opening.open("evaluation", wanted.evaluation, True)
    validation = opening.open("validation", wanted.validation, True) if wanted.validation else None
    calibration = opening.open("calibration", wanted.calibration, False) if wanted.calibration else train
    if not recipe.evaluate.skip_bad:
        _check_decodes(evaluation.source, progress)
    others = [("training", train), *(("extra", each) for each in extra), ("validation", validation)]
    for role, images in (*others, ("calibration", calibration)):
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

    def open_more(self, wanted: MoreImages, train: RunSource) -> RunSource:
        """More training images, which may be joined of parts of those of `train`."""
        if wanted.join is not None:
            wanted = MoreImages(path=_join(wanted.join, train, self.cache, self.progress))
        return self.open("extra", wanted, needs_labels=True)

    def _vector(self, source: Source) -> tuple[str, ...]:
        """The numbers beside each picture that the baseline takes: its results depend on them."""
        baseline = self.recipe.baseline
        if baseline.train is not None:
            return names_in(source, baseline.train.vector)
        assert baseline.checkpoint is not None, "a choice is one of the two"
        path = locate(baseline.checkpoint)
        spec = read_spec(path) if path.suffix in (".safetensors", ".onnx") and path.is_file() else None
        return () if spec is None else spec.preprocessing.vector_names


def _join(options: JoinOptions, train: RunSource, cache: StageCache, progress: Progress) -> str:

    def work(folder: Path) -> None:
        join(JoinConfig(**dict(options), data=train.location, output=folder / _LINES, force=True), progress)

    model = open_artifact(options.model or READER).sha256
    depends = {"join": options.model_dump(mode="json") | {"model": model}, "train": train.fingerprint}
    return cache.result("join", "extra", depends, work, lambda folder: str(folder / _LINES))


def _render(role: str, options: RenderOptions, cache: StageCache, progress: Progress) -> str:

    def work(folder: Path) -> None:
        render_lines(options, folder / _LINES, force=True, progress=progress)

    depends = {"render": options.model_dump(mode="json"), "texts": texts_digest(options)}
    return cache.result("render", role, depends, work, lambda folder: str(folder / _LINES))
