"""Reads the images of a shard, and writes what is read as Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from crnn_deploy.data.picture import open_image
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.encoded import EncodedSource
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.files import printable, replacing
from crnn_deploy.labelling.config import LabelConfig
from crnn_deploy.labelling.manifest import FACTS, ShardFacts, read_facts
from crnn_deploy.labelling.shards import Shard, fingerprint
from crnn_deploy.reading.part_reader import PartReader, SharedModel
from crnn_deploy.reading.reading import Reading
from crnn_deploy.reading.source_items import SourceItems

if TYPE_CHECKING:
    import pyarrow

_ROWS = 1024  # of a row group, which whoever trains on the file reads at once


class Task(NamedTuple):
    """A shard, and the file for its labels."""

    shard: Shard
    file: str


@dataclass
class _Counts:
    """How many images went where."""

    rows: int = 0
    unsure: int = 0
    empty: int = 0


class ShardLabels:
    """Labels one shard after the other; the model stays open, and so does the source of the last shard.

    Raises:
        InputError: if the model can't be opened, or is another one.
    """

    def __init__(self, model: SharedModel, config: LabelConfig, threads: int) -> None:
        self._config = config
        self._reader = PartReader(model.open(), config, threads)
        self._last: tuple[str, SourceItems] | None = None

    def __call__(self, task: Task) -> ShardFacts:
        """Read the images of a shard and write their labels, unless an earlier attempt has done so.

        Raises:
            InputError: if the shard can't be read or has changed, an image is broken and is not to be left out, or the
                file can't be written.
            GateError: if the model gives numbers that are not finite.
        """
        shard, path = task.shard, self._config.output / task.file
        if path.exists():  # the worker was killed before it could say so
            return read_facts(path)
        items = self._items(shard)
        if shard.end is not None and shard.end > len(items.source):
            raise _changed(shard)
        indices = shard.indices(len(items.source))
        counts, broken = _Counts(), list[str]()
        import pyarrow.parquet

        schema = _schema(self._config.keep_images)
        with replacing(path) as temporary, pyarrow.parquet.ParquetWriter(temporary, schema) as writer:
            rows: list[dict[str, Any]] = []
            for row in self._rows(items, indices, counts, broken):
                rows.append(row)
                if len(rows) == _ROWS:
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema))
                    rows.clear()
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            facts = self._facts(task, items, indices, counts, broken)
            writer.add_key_value_metadata({FACTS: facts.model_dump_json().encode("utf-8")})
        return facts

    def _items(self, shard: Shard) -> SourceItems:
        if self._last is None or self._last[0] != shard.location:
            source = open_source(shard.location, needs_labels=False)
            if self._config.keep_images and not isinstance(source, EncodedSource):
                raise InputError(
                    f"{source.name} holds no files of images that could be kept.",
                    "It is an array, a video, or pages with many lines.",
                    "Leave --keep-images out.",
                )
            self._last = shard.location, SourceItems(source, self._reader.preprocessing)
        return self._last[1]

    def _rows(self, items: SourceItems, indices: range, counts: _Counts, broken: list[str]) -> Iterator[dict[str, Any]]:
        """The rows of the images that count, in order."""
        kept: dict[int, bytes] = {}
        readings = self._reader.read(items, indices, _keeping(items.source, kept) if self._config.keep_images else None)
        for index, reading in zip(indices, readings, strict=True):
            image, name = kept.pop(index, None), items.source.item_name(index)
            if isinstance(reading, InputError):
                if not self._config.skip_bad:
                    raise reading
                broken.append(printable(name))
            elif reading.confidence < self._config.min_confidence:
                counts.unsure += 1
            else:
                counts.rows += 1
                counts.empty += not reading.text
                yield _row(index, name, reading, image)

    def _facts(self, task: Task, items: SourceItems, indices: range, counts: _Counts, broken: list[str]) -> ShardFacts:
        shard = task.shard
        if shard.path.is_file() and fingerprint(shard.path) != shard.fingerprint:  # of a large folder it takes long
            raise _changed(shard)
        names = ((title, printable(name)) for title, name in items.names(indices))
        return ShardFacts(
            file=task.file,
            shard=shard.name,
            fingerprint=shard.fingerprint,
            images=len(indices),
            broken=tuple(broken),
            image_notes=self._reader.remarks(names),
            **vars(counts),
        )


def _changed(shard: Shard) -> InputError:
    return InputError(f"{shard.name} has changed while it was read.", fix="Run the same command again.")


def _keeping(source: Source, kept: dict[int, bytes]) -> Any:
    """Opens the image of an index, and keeps the bytes of its file: it is read once."""

    def opened(index: int) -> Image.Image:
        assert isinstance(source, EncodedSource)
        kept[index] = source.encoded(index)
        return open_image(kept[index], title(source, index))

    return opened


def _schema(keep_images: bool) -> pyarrow.Schema:
    """Columns by names that make the file a labelled source of this package, where it has images."""
    import pyarrow as arrow

    kinds = {"index": arrow.int64(), "name": arrow.string(), "text": arrow.string(), "confidence": arrow.float64()}
    return arrow.schema(list((kinds | ({"image": arrow.binary()} if keep_images else {})).items()))


def _row(index: int, name: str, reading: Reading, image: bytes | None) -> dict[str, Any]:
    row = {"index": index, "name": printable(name), "text": reading.text, "confidence": round(reading.confidence, 4)}
    return row if image is None else {**row, "image": image}
