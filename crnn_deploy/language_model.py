"""`LanguageModel`: how probable each character of a line is after those before it, as a spec carries it."""

from __future__ import annotations

from crnn_deploy import limits
from crnn_deploy.record import Record, field


class LanguageModel(Record):
    """N-grams of characters, and how much they count for a beam search beside what the network says."""

    characters: str = field(
        min_length=1, max_length=limits.MAX_SYMBOLS, description="Those that occur; the first is the end of a line."
    )
    order: int = field(ge=1, le=limits.MAX_NGRAM, description="Characters of the longest n-grams.")
    table: str = field(
        max_length=limits.MAX_NGRAM_TABLE, description="The n-grams: a packed table (zlib, base64) of 6 bytes for each."
    )
    weight: float = field(
        default=0.25, ge=0, le=10, description="What costs are multiplied by before they lower a text's probability."
    )
    bonus: float = field(
        default=0.4, ge=-10, le=10, description="Logarithm by which each character makes a text more probable."
    )
