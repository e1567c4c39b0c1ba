"""Run a model over images and decode its outputs, for `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.batching import Batch, batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.evaluation.config import ReadOptions
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec


def read(
    session: Session, source: Source, options: ReadOptions, skipped: list[str]
) -> Iterator[tuple[Batch, NDArray[np.float32], list[str]]]:
    """Each batch of a source, its logits and its decoded texts.

    Args:
        skipped: receives the names of broken images, if the options leave them out.

    Raises:
        InputError: if an image is broken, or the outputs don't fit the spec.
        GateError: if the model gives numbers that are not finite.
    """
    preprocessor = Preprocessor(session.spec.preprocessing)
    beam_width = options.beam_width if options.decoder == "beam" else None
    for batch in batches(source, preprocessor, options.batch_size, skipped if options.skip_bad else None):
        logits = session.run(batch.images)
        check_logits(logits, batch, source, session.spec)
        yield batch, logits, decode(logits, session.spec, beam_width)


def check_logits(logits: NDArray[np.float32], batch: Batch, source: Source, spec: ModelSpec) -> None:
    """Raise `InputError` if outputs don't fit the spec, `GateError` naming the image if they are not finite."""
    if logits.shape[-1] != spec.num_outputs:
        raise InputError(
            f"{spec.name} gives {logits.shape[-1]} outputs, but its spec names {spec.num_outputs}.",
            "The charset (with the blank) or the class names don't fit the head of the model.",
            "Import the model again with the right spec.",
        )
    finite = np.isfinite(logits).all(axis=tuple(range(1, logits.ndim)))
    if not finite.all():
        item = source.item_name(batch.indices[int(finite.argmin())])
        raise GateError(
            f"{spec.name} gives NaN or infinite outputs for {item}.",
            "The weights are damaged, or a conversion to lower precision overflowed.",
            "Evaluate the parent model on the same data to find the stage that broke it.",
        )
