"""What a labelled folder says about itself: a manifest, and facts in the metadata of each of its Parquet files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from crnn_deploy.artifact import Artifact
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text
from crnn_deploy.files import write_text
from crnn_deploy.labelling.config import LabelConfig
from crnn_deploy.reading.decoder_choice import chosen_width
from crnn_deploy.reading.image_notes import ImageNotes

MANIFEST = "manifest.json"
FACTS = b"crnn-deploy-label"
"""The key of a file's facts in its metadata."""


class ShardFacts(Frozen):
    """What is in one file of a labelled folder."""

    file: str = Field(description="its name")
    shard: str = Field(description="the source that it was read from, and the part of it")
    fingerprint: str = Field(description="of that source when it was read")
    images: int = Field(description="in the shard")
    rows: int = Field(description="in the file: images that were read with enough confidence")
    unsure: int = Field(description="images that were read with less, and left out")
    empty: int = Field(description="rows without any text")
    broken: tuple[str, ...] = Field(description="names of images that could not be read, and were left out")
    image_notes: ImageNotes = ImageNotes()


class Origin(Frozen):
    """What all labels of a folder have in common. Another folder is needed where any of it is another."""

    sha256: str = Field(description="of the model")
    decoder: str
    beam_width: int | None
    min_confidence: float
    keep_images: bool
    shard_size: int

    @classmethod
    def of(cls, config: LabelConfig, artifact: Artifact) -> Origin:
        width = chosen_width(artifact.spec, config.decoder, config.beam_width)
        return cls(
            sha256=artifact.sha256,
            decoder="greedy" if width is None else "beam",
            beam_width=width,
            min_confidence=config.min_confidence,
            keep_images=config.keep_images,
            shard_size=config.shard_size,
        )


class Manifest(Frozen):
    """The file `manifest.json` of a labelled folder."""

    format: Literal[1]
    origin: Origin
    shards: tuple[ShardFacts, ...] = Field(default=(), description="complete only once all shards have been read")

    def write(self, folder: Path) -> None:
        write_text(folder / MANIFEST, json_text(self.model_dump(mode="json", exclude_defaults=True)) + "\n")


def prepare_folder(folder: Path, origin: Origin) -> dict[str, ShardFacts]:
    """Make an empty folder one for labels of this origin; what an interrupted command has left in it is kept.

    Returns:
        the facts of its files, by the names of their shards.

    Raises:
        InputError: if it holds anything else, or labels of another origin, or can't be written.
    """
    if not (folder / MANIFEST).is_file():
        if any(folder.iterdir()):
            raise InputError(
                f"{folder} is not empty, and holds no labels that could be completed.", fix="Name another folder."
            )
        Manifest(format=1, origin=origin).write(folder)
    _check_origin(folder, origin)
    facts = [read_facts(path) for path in sorted(folder.glob("*.parquet"))]
    return {each.shard: each for each in facts}


def read_facts(path: Path) -> ShardFacts:
    """What a file of a labelled folder says about itself. Raises `InputError` if it is damaged or another one."""
    import pyarrow.parquet

    try:
        metadata = pyarrow.parquet.read_metadata(path)
        facts = ShardFacts.model_validate_json(metadata.metadata[FACTS])
        if facts.rows == metadata.num_rows:
            return facts.model_copy(update={"file": path.name})
    except (pyarrow.ArrowException, OSError, KeyError, TypeError, ValidationError):
        pass
    raise InputError(
        f"{path} cannot be read as labels.",
        "It is damaged, or something else wrote it.",
        "Remove it, and its shard is read again.",
    )


def _check_origin(folder: Path, origin: Origin) -> None:
    path = folder / MANIFEST
    try:
        found = Manifest.model_validate(json.loads(path.read_text("utf-8"))).origin
    except (OSError, ValueError):
        raise InputError(
            f"{path} cannot be read.", "It is damaged, or of another version.", "Name another folder."
        ) from None
    pairs = [(name, getattr(found, name), value) for name, value in origin]
    other = [f"{name} {was}, now {value}" for name, was, value in pairs if was != value]
    if other:
        raise InputError(
            f"{folder} holds labels of another origin: {'; '.join(other)}.",
            "Labels of two kinds in one folder could not be told apart.",
            "Name another folder, or give the same model and options.",
        )
