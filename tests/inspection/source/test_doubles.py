"""Doubles agree with a search that compares each content with all others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.inspection.source.doubles import find_doubles

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab")), min_size=1, max_size=30)


@given(PAIRS, st.booleans())
def test_the_same_doubles_as_by_comparing_all(pairs: list[tuple[int, str]], labelled: bool) -> None:
    """Content 0 is that of a file that can't be read."""
    facts = Facts.empty(len(pairs))
    facts.content[:] = np.array([[7 * content, content] for content, _ in pairs])
    texts = [text for _, text in pairs]
    kind = "text" if labelled else "unlabelled"
    source: Any = SimpleNamespace(kind=kind, item_name=str, text=texts.__getitem__)
    codes = np.array([hash(text) for text in texts]) if labelled else None
    found = find_doubles(source, facts, codes)

    members = {content: [i for i, (each, _) in enumerate(pairs) if each == content] for content in range(1, 7)}
    several = [places for places in members.values() if len(places) > 1]
    against = [places for places in several if labelled and len({texts[i] for i in places}) > 1]
    assert (found.contents, found.contradicting) == (len(several), len(against))
    assert found.images == sum(map(len, several))
    assert len(found.examples) == min(5, len(several))
    assert sum(each.contradicting for each in found.examples) == min(5, len(against))
    for each in found.examples:
        indices = [int(name) for name in each.images]
        (places,) = (places for places in several if indices[0] in places)
        assert set(indices) <= set(places)
        assert (each.count, each.contradicting) == (len(places), places in against)
        assert set(each.labels) == ({texts[i] for i in places} if labelled else set())
