from __future__ import annotations

import re

import numpy as np
import pytest

from crnn_deploy.data.rendering import documents, receipts
from crnn_deploy.data.rendering.options import PRINTABLE
from crnn_deploy.data.rendering.phrases import PHRASES, Phrase


def _drawn(phrase: Phrase, count: int = 300) -> list[str]:
    return [phrase(np.random.default_rng((0, index))) for index in range(count)]


@pytest.mark.parametrize("phrase", sorted(set(PHRASES), key=lambda p: p.__name__), ids=lambda p: p.__name__)
def test_phrases_are_printable_and_vary(phrase: Phrase) -> None:
    texts = _drawn(phrase)
    assert all(text.strip() and set(text) <= set(PRINTABLE + "€£") for text in texts)
    assert len(set(texts)) > 40


@pytest.mark.parametrize(
    ("phrase", "pattern"),
    [
        (receipts.item, r"\d+ X \S*\d"),
        (receipts.item, r"\d+ @ "),
        (receipts.amount, r"RM-\d"),
        (receipts.amount, r"\d\.\d\d-$"),
        (receipts.code, r"^\(\d+-[A-Z]\)$"),
        (receipts.code, r"^\d{12}$"),
        (receipts.code, r"^[A-Z]+\d+/\d+$"),
        (receipts.reference, r"^GST ID ?[:#.=]"),
        (receipts.field, r"^[^\d]*\(RM\)$"),
        (receipts.tax, r"@ \d+(\.\d+)?%"),
        (receipts.rule, r"^-+$"),
        (receipts.rule, r"^\*+$"),
        (documents.phone, r"Tel: "),
        (documents.mail, r"^\S+@\S+\.\S+$"),
        (documents.address, r"(Jalan|Jln|JALAN|JLN) "),
        (documents.company, r"\(\d+-[A-Z]\)$"),
        (documents.sentence, r"^[A-Z].*[.!?]"),
        (documents.time, r"^\d\d:\d\d:\d\d[AP]M$"),
    ],
)
def test_forms_of_receipts_and_documents_occur(phrase: Phrase, pattern: str) -> None:
    assert any(re.search(pattern, text) for text in _drawn(phrase, 1500))
