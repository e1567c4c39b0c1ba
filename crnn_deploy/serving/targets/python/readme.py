"""The README of a package for Python."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy import units
from crnn_deploy.artifact import Artifact
from crnn_deploy.escaping import visible
from crnn_deploy.native import LIBRARY_NAME
from crnn_deploy.serving.layout import EXAMPLES, MODEL, size_of
from crnn_deploy.spec import ModelSpec

_TEXT = """# {name}

{purpose} It needs Python 3.10 or newer, NumPy, ONNX Runtime and Pillow.

```console
python -m pip install -r requirements.txt
python verify.py
```

`verify.py` reads the images of `examples` and exits with 0 if the texts are those of `expected.tsv`.

```python
from crnn_reader import Reader

reader = Reader()
print(reader("{example}").text)
```

Give one image or a list: paths, encoded bytes, Pillow images, or NumPy arrays `[H, W]` or `[H, W, C]` of RGB. A
`Reading` has `text` and `confidence`, {confidence}. `Reader(threads=1)` leaves the other cores alone.

## The model

| | |
|---|---|
{facts}

## Good to know

{notes}
"""


def readme(artifact: Artifact, folder: Path, recurrent_int8: bool) -> str:
    """What is in a package that is complete but for this text.

    Args:
        recurrent_int8: whether the model has recurrent layers for the kernels.
    """
    lines = artifact.spec.task == "ctc"
    notes = [*_notes(artifact.spec), _kernels(folder)] if recurrent_int8 else _notes(artifact.spec)
    return _TEXT.format(
        name=visible(artifact.spec.name),
        purpose=_purpose(artifact.spec),
        example=next(file.relative_to(folder).as_posix() for file in sorted((folder / EXAMPLES).glob("*.png"))),
        confidence="the mean probability of its characters" if lines else "the probability of its class",
        facts="\n".join(f"| {name} | {value} |" for name, value in _facts(artifact, folder)),
        notes="\n".join(f"- {note}" for note in notes),
    )


def _purpose(spec: ModelSpec) -> str:
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
    yield "SHA-256", f"`{artifact.sha256}` (of the artifact that became `{MODEL}`)"


def _notes(spec: ModelSpec) -> list[str]:
    seen = spec.preprocessing
    notes = [
        "The examples show that this folder works. They are images that the model is sure of, so they do not show how "
        "well it reads."
    ]
    if spec.task == "ctc":
        notes.append("It finds no lines in a page: crop them first. The confidence ranks lines by reliability.")
    if spec.task == "ctc" and seen.width is None:
        notes.append(
            f"Lines more than {seen.max_width // seen.height} times as wide as high are squeezed, which makes them "
            "hard to read; `crnn-deploy predict` cuts them into pieces."
        )
    if spec.reservation:
        notes.append(f"Of the last stage: {visible(spec.reservation)}.")
    return notes


def _kernels(folder: Path) -> str:
    if (folder / LIBRARY_NAME).exists():
        return (
            f"`{LIBRARY_NAME}` runs the recurrent layers in INT8 on {platform.system()} {platform.machine()}; "
            "`Reader().kernels` names the kernels in use. On other systems, and without the file, they run in FP32."
        )
    return "The recurrent layers run in FP32: the kernels of crnn-deploy were not built where this folder was made."
