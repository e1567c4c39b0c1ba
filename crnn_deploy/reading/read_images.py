"""Run a model over images and decode its outputs, for `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.batching import Batch, batches
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.reading.decoder_choice import chosen_width
from crnn_deploy.reading.decoding import beam_search, decode
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.noting_preprocessor import NotingPreprocessor
from crnn_deploy.reading.output_checks import check_outputs
from crnn_deploy.reading.viewing import look_at
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

if TYPE_CHECKING:  # a program that reads images needs no pydantic, which options are made with
    from crnn_deploy.reading.options import ReadOptions


def read(
    session: Session,
    source: Source,
    options: ReadOptions,
    skipped: list[int],
    notes: NoteTaker,
    ranks: Ranks = ALONE,
) -> Iterator[tuple[Batch, NDArray[np.float32], list[str]]]:
    """Each batch of a source, its logits and its decoded texts.

    A line wider than the model's `max_width` is read in pieces if it can be cut at blank columns, and squeezed if not.

    Args:
        skipped: receives the indices of broken images, if the options leave them out.
        notes: receives remarks on the images.
        ranks: among which the batches are dealt.

    Raises:
        InputError: if an image is broken, or the outputs don't fit the spec.
        GateError: if the model gives numbers that are not finite.
    """
    spec = session.spec
    widest = spec.preprocessing.widest
    preprocessor = NotingPreprocessor(spec, notes)
    search = beam_search(spec, chosen_width(spec, options.decoder, options.beam_width))
    left_out = skipped if options.skip_bad else None
    for batch in batches(source, preprocessor, options.batch_size, left_out, widest, ranks):
        wide = spec.task == "ctc" and batch.images.shape[3] > widest
        logits = _of_wide(session, source, batch.indices[0], notes) if wide else session.run(batch.images)
        check_logits(logits, batch, source, spec)
        yield batch, logits, decode(logits, spec, search)


def _of_wide(session: Session, source: Source, index: int, notes: NoteTaker) -> NDArray[np.float32]:
    """Logits `[1, T, K]` of a line that is wider than the model takes, which is in a batch of its own."""
    return look_at(session, source.image(index), title(source, index), notes).output[np.newaxis]


def check_logits(logits: NDArray[np.float32], batch: Batch, source: Source, spec: ModelSpec) -> None:
    """Raise `InputError` if outputs don't fit the spec, `GateError` naming the image if they are not finite."""
    check_outputs(logits, spec, lambda position: source.item_name(batch.indices[position]))
