"""The verb `label`: reads archives of images, and writes what is read as Parquet, shard by shard."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from pydantic import Field

from crnn_deploy.artifact import open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.files import make_folder, remove_leftovers
from crnn_deploy.labelling.config import LabelConfig
from crnn_deploy.labelling.manifest import Manifest, Origin, ShardFacts, prepare_folder
from crnn_deploy.labelling.shard_labels import ShardLabels, Task
from crnn_deploy.labelling.shards import Shard, find_shards
from crnn_deploy.locking import locked
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.image_notes import ImageNotes
from crnn_deploy.reading.part_reader import SharedModel
from crnn_deploy.workers.job import Job
from crnn_deploy.workers.sharing import work


class Labelled(Frozen):
    """A folder of labels, and what was read into it."""

    output: str
    artifact: str
    sha256: str
    shards: int = Field(description="in the folder")
    shards_read: int = Field(description="of these by this command; the others had been read before")
    images: int = Field(description="in all shards")
    rows: int = Field(description="images that were read with enough confidence")
    unsure: int = Field(description="images that were read with less, and left out")
    empty: int = Field(description="rows without any text")
    broken: int = Field(description="images that could not be read, and were left out")
    image_notes: ImageNotes = ImageNotes()


def label(config: LabelConfig, progress: Progress = SILENT) -> Labelled:
    """Read the images of all shards into a folder; those that are there already are not read again.

    Raises:
        InputError: if the model, a source or the folder can't be used, pyarrow or Ray is missing, a worker was killed,
            an image is broken and is not to be left out, or all are broken. What was finished stays.
        GateError: if the model gives numbers that are not finite.
    """
    if find_spec("pyarrow") is None:
        raise InputError("Labels need pyarrow to be written.", fix="pip install 'crnn-deploy[parquet]'")
    artifact = open_artifact(config.model, config.trust_module)
    shards = find_shards(config.sources, config.shard_size, progress)
    _check_outside(config.output, shards)
    origin = Origin.of(config, artifact)
    with _held(config.output):
        found = prepare_folder(config.output, origin)
        _check_unchanged(shards, found, config.output)
        tasks = list(_tasks(shards, found))
        model = SharedModel(config.model, artifact.sha256, config.trust_module)
        job = Job(partial(ShardLabels, model, config), tasks, config.threads)
        read = _followed(work(job, config), len(shards), len(shards) - len(tasks), progress)
        facts = sorted([*found.values(), *_kept(read)], key=lambda each: each.file)
        Manifest(format=1, origin=origin, shards=tuple(facts)).write(config.output)
    return _summary(config.output, (str(artifact.path), artifact.sha256), facts, len(tasks))


def _summary(output: Path, model: tuple[str, str], facts: Sequence[ShardFacts], read: int) -> Labelled:
    images, broken = sum(each.images for each in facts), sum(len(each.broken) for each in facts)
    if images == broken:
        raise InputError(f"All {images:,} images are broken.", fix="Check the sources.")
    return Labelled(
        output=str(output),
        artifact=model[0],
        sha256=model[1],
        shards=len(facts),
        shards_read=read,
        images=images,
        rows=sum(each.rows for each in facts),
        unsure=sum(each.unsure for each in facts),
        empty=sum(each.empty for each in facts),
        broken=broken,
        image_notes=ImageNotes.joined(each.image_notes for each in facts),
    )


def _followed(read: Iterator[ShardFacts], total: int, done: int, progress: Progress) -> Iterator[ShardFacts]:
    """The facts of shards as they are read, with the speed so far."""
    begin, images = time.monotonic(), 0
    for facts in progress.track(read, "Labelling shards", total, done):
        images += facts.images
        progress.status(f"{images:,} images, {images / (time.monotonic() - begin):,.0f} a second")
        yield facts


def _kept(read: Iterator[ShardFacts]) -> Iterator[ShardFacts]:
    """The facts of shards; an error says that those before it are not lost."""
    kept = False
    try:
        for facts in read:
            kept = True
            yield facts
    except CrnnDeployError as error:
        if kept:
            error.with_fix("The same command goes on where it stopped.")
        raise


def _tasks(shards: Sequence[Shard], found: Mapping[str, ShardFacts]) -> Iterator[Task]:
    """The shards that are missing, and names for their files that are free: those of an undisturbed command."""
    taken = {facts.file for facts in found.values()}
    free = (name for number in count() if (name := f"labels-{number:05d}.parquet") not in taken)
    return (Task(shard, next(free)) for shard in shards if shard.name not in found)


def _check_unchanged(shards: Sequence[Shard], found: Mapping[str, ShardFacts], folder: Path) -> None:
    changed = [s.name for s in shards if s.name in found and found[s.name].fingerprint != s.fingerprint]
    if changed:
        raise InputError(
            f"{len(changed):,} shards have changed since they were read into {folder}; the first is {changed[0]}.",
            "A file was written again, or copied without its time of change.",
            f"Name another folder, or remove what is old, such as {folder / found[changed[0]].file}.",
        )


def _check_outside(folder: Path, shards: Sequence[Shard]) -> None:
    """Raise `InputError` if the folder lies in a source, which it would change, or holds one."""
    above = folder.absolute().parents
    for path in dict.fromkeys(shard.path for shard in shards):
        if path in above:
            raise InputError(f"{folder} lies in {path}, which is read.", fix="Name a folder elsewhere.")
        if path.parent == folder.absolute():
            raise InputError(f"{folder} holds {path.name}, which is read.", fix="Name a folder elsewhere.")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keeps other commands on this machine out of the folder, and leaves no half-written files in it."""
    make_folder(folder)
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder))
        except BlockingIOError:
            raise InputError(
                f"Another command writes to {folder}.", fix="Wait for it, or name another folder."
            ) from None
        remove_leftovers(folder)
        held.callback(remove_leftovers, folder)
        yield
