"""Run a model over images and decode its outputs, for `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.batching import Batch, batches
from crnn_deploy.data.network_inputs import arrays_of
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.reading.decoding import decode
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.noting_preprocessor import NotingPreprocessor
from crnn_deploy.reading.wide_lines import cut, join, with_margins, without_margins
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

if TYPE_CHECKING:  # a program that reads images needs no pydantic, which options are made with
    from crnn_deploy.reading.options import ReadOptions


def read(
    session: Session, source: Source, options: ReadOptions, skipped: list[str], notes: NoteTaker
) -> Iterator[tuple[Batch, NDArray[np.float32], list[str]]]:
    """Each batch of a source, its logits and its decoded texts.

    A line wider than the model's `max_width` is read in pieces if it can be cut at blank columns, and squeezed if not.

    Args:
        skipped: receives the names of broken images, if the options leave them out.
        notes: receives remarks on the images.

    Raises:
        InputError: if an image is broken, or the outputs don't fit the spec.
        GateError: if the model gives numbers that are not finite.
    """
    spec = session.spec
    widest = spec.preprocessing.widest
    preprocessor = NotingPreprocessor(spec, notes)
    for batch in batches(source, preprocessor, options.batch_size, skipped if options.skip_bad else None, widest):
        wide = spec.task == "ctc" and batch.images.shape[3] > widest
        logits = _read_wide(session, source, batch, notes) if wide else session.run(batch.images)
        check_logits(logits, batch, source, spec)
        yield batch, logits, decode(logits, spec, options.beam)


def _read_wide(session: Session, source: Source, batch: Batch, notes: NoteTaker) -> NDArray[np.float32]:
    """Logits `[1, T, K]` of a single line that is wider than the model takes."""
    spec, index = session.spec, batch.indices[0]
    name = title(source, index)
    padded, seen = arrays_of(batch.images)[0][0], spec.preprocessing
    pieces = cut(without_margins(padded, seen), seen)
    if not pieces:
        notes.note("squeezed", name)
        return session.run(Preprocessor(spec.preprocessing)(source.image(index), name)[np.newaxis])
    notes.note("cut", name)
    framed = [with_margins(padded, piece, seen) for piece in pieces]
    logits = [session.run(image[np.newaxis]) for image, _ in framed]
    return join(logits, [piece for _, piece in framed], spec.preprocessing.height, spec.blank)


def check_logits(logits: NDArray[np.float32], batch: Batch, source: Source, spec: ModelSpec) -> None:
    """Raise `InputError` if outputs don't fit the spec, `GateError` naming the image if they are not finite."""
    check_outputs(logits, spec, lambda position: source.item_name(batch.indices[position]))


def check_outputs(logits: NDArray[np.float32], spec: ModelSpec, name_of: Callable[[int], str]) -> None:
    """As `check_logits`, with the name of the image at each position of the batch."""
    if logits.shape[-1] != spec.num_outputs:
        raise InputError(
            f"{spec.name} gives {logits.shape[-1]} outputs, but its spec names {spec.num_outputs}.",
            "The charset (with the blank) or the class names don't fit the head of the model.",
            "Import the model again with the right spec.",
        )
    finite = np.isfinite(logits)
    if not finite.all():
        item = name_of(int(finite.all(axis=tuple(range(1, logits.ndim))).argmin()))
        raise GateError(
            f"{spec.name} gives NaN or infinite outputs for {item}.",
            "The weights are damaged, or a conversion to lower precision overflowed.",
            "Evaluate the parent model on the same data to find the stage that broke it.",
        )
