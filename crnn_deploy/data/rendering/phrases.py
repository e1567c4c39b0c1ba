"""All kinds of phrases of English documents and receipts, and their frequencies."""

from __future__ import annotations

from collections.abc import Callable

from crnn_deploy.data.rendering import documents, receipts
from crnn_deploy.data.rendering.vocabulary import Rng

Phrase = Callable[[Rng], str]

# A function that stands here n times is drawn n times as often.
PHRASES: tuple[Phrase, ...] = (
    *(documents.words,) * 10,
    *(documents.sentence,) * 3,
    *(documents.company,) * 2,
    *(documents.address,) * 3,
    *(documents.date,) * 2,
    *(documents.name, documents.time, documents.phone, documents.mail),
    *(receipts.item,) * 5,
    *(receipts.field,) * 4,
    *(receipts.amount,) * 4,
    *(receipts.code,) * 2,
    *(receipts.reference,) * 3,
    *(receipts.tax,) * 2,
    *(receipts.amounts, receipts.heading, receipts.closing, receipts.rule),
)
