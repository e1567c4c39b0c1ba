"""Small CRNNs of public forms import with the logits of their source, and what cannot be read alone is refused."""

from __future__ import annotations

import pytest
from small_sources import SOURCES, outcome

BY_NAME = {source.network.__name__: source for source in SOURCES}


@pytest.mark.parametrize(
    ("network", "way", "expected"),
    [
        ("StatesPassedIn", "traced, fixed", "same"),
        ("WidthFirst", "traced, any batch and width", "same"),
        ("AdaptiveUnevenRows", "weights", "same"),
        ("GruOverImages", "weights", "refused: The network of given reads an image differently"),
    ],
)
def test_an_export_reads_as_its_source(network: str, way: str, expected: str) -> None:
    assert outcome(BY_NAME[network], way).startswith(expected)
