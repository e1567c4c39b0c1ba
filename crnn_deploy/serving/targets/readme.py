"""The README of a package: what its target says, and what is known of the model."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

from crnn_deploy import units
from crnn_deploy.artifact import Artifact
from crnn_deploy.escaping import visible
from crnn_deploy.native import LIBRARY_NAME
from crnn_deploy.onnx_graph.external_data import parse
from crnn_deploy.onnx_graph.operators import DOMAIN, OWN_RECURRENT
from crnn_deploy.serving.layout import EXAMPLES, README, size_of
from crnn_deploy.spec import ModelSpec

_TEMPLATE = "README.template.md"
_EXAMPLES = (
    "The examples show that this folder works. They are images that the model is sure of, so they do not show how "
    "well it reads."
)
_ABOUT_MODEL = """## The model

| | |
|---|---|
{facts}

## Good to know

{notes}
"""


def write_readme(folder: Path, artifact: Artifact, target: Path, notes: Iterable[str]) -> None:
    """Write the README of a package that is complete but for it.

    Args:
        target: folder of the target, with its template, whose places are filled in here.
        notes: of the target, on what is good to know.
    """
    spec = artifact.spec
    lines = spec.task == "ctc"
    reservation = [f"Of the last stage: {visible(spec.reservation)}."] if spec.reservation else []
    template = (target / _TEMPLATE).read_text(encoding="utf-8") + _ABOUT_MODEL
    text = template.format(
        name=visible(spec.name),
        purpose=purpose(spec),
        example=next((folder / EXAMPLES).glob("01.*")).relative_to(folder).as_posix(),
        confidence=f"the probability that {'all of its text' if lines else 'its class'} is right",
        facts="\n".join(f"| {name} | {value} |" for name, value in _facts(artifact, folder)),
        notes="\n".join(f"- {note}" for note in (_EXAMPLES, *notes, *reservation)),
    )
    (folder / README).write_text(text, encoding="utf-8", newline="\n")


def has_kernels(artifact: Artifact) -> bool:
    """Whether our kernels run layers of a model in INT8, on some processor."""
    return bool(_own_operators(artifact))


def has_recurrent_kernels(artifact: Artifact) -> bool:
    """Whether recurrent layers are among them; without the kernels these run in FP32, and all others in INT8 too."""
    return not _own_operators(artifact).isdisjoint(OWN_RECURRENT)


def _own_operators(artifact: Artifact) -> set[str]:
    return {function.name for function in parse(artifact.path).functions if function.domain == DOMAIN}


def purpose(spec: ModelSpec) -> str:
    """What a model does, in a sentence."""
    if spec.task == "ctc":
        return f"Reads images of one line of text each, in {len(spec.charset)} characters."
    return f"Tells which of {len(spec.class_names)} classes a picture belongs to."


def _facts(artifact: Artifact, folder: Path) -> Iterator[tuple[str, str]]:
    spec = artifact.spec
    yield "size", f"{units.size(artifact.size_bytes)}; the whole folder {units.size(size_of(folder))}"
    for data, figures in spec.metrics.items():
        if "error" in figures:
            yield "error", f"{units.percent(figures['error'])} ({visible(data)})"
    stages = " → ".join(visible(step.stage) for step in spec.lineage)
    if stages:
        yield "made by", f"{stages}, then `crnn-deploy package`"
    yield "SHA-256", f"`{artifact.sha256}` (of the artifact)"


def notes_of_module(folder: Path, artifact: Artifact) -> Iterator[str]:
    """What is good to know of a package that reads with the module `crnn_reader.py`."""
    yield from notes_of_reading(artifact.spec)
    if artifact.spec.language_model is not None and (folder / LIBRARY_NAME).exists():
        yield (
            f"`{LIBRARY_NAME}` searches with the language model, about twenty times as fast as Python. On other "
            "systems, and without the file, Python searches, and reads the same."
        )
    yield from notes_of_kernels(folder, artifact, "`kernels` of a `Reader` names those in use.")


def notes_of_kernels(folder: Path, artifact: Artifact, more: str) -> Iterator[str]:
    """Where the recurrent layers run in INT8, if the model has such; `more` is a sentence on the library."""
    if not has_recurrent_kernels(artifact):
        return
    if (folder / LIBRARY_NAME).exists():
        yield (
            f"`{LIBRARY_NAME}` runs the recurrent layers in INT8 on {platform.system()} {platform.machine()}. {more} "
            "On other systems, and without the file, they run in FP32."
        )
    else:
        yield "The recurrent layers run in FP32: the kernels of crnn-deploy were not built where this folder was made."


def notes_of_greedy(spec: ModelSpec, program: str) -> Iterator[str]:
    """What is good to know of a program that decodes by itself."""
    if spec.language_model is not None:
        yield (
            f"{program} takes the most probable class of each frame, so the language model of the artifact does not "
            "count in, and neither does it in the expected texts. `crnn-deploy predict` reads with it."
        )


def notes_of_reading(spec: ModelSpec) -> Iterator[str]:
    """What is good to know of a module that follows the spec, in any language."""
    seen = spec.preprocessing
    if spec.task == "ctc":
        yield "It finds no lines in a page: crop them first."
    if spec.language_model is not None:
        yield (
            "Its texts are found with the language model in `spec.json`. A confidence is that of the text without it."
        )
    if spec.task == "ctc" and seen.width is None:
        yield (
            f"Lines more than {seen.max_width // seen.height} times as wide as high are squeezed, which makes them "
            "hard to read; `crnn-deploy predict` cuts them into pieces."
        )
