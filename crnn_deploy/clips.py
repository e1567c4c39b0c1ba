"""Which stills of a clip a network sees."""

from __future__ import annotations

from typing import Any

from crnn_deploy import limits
from crnn_deploy.compact import parse_compact
from crnn_deploy.record import Record, field

FEWEST_STILLS = 2  # that make a sequence
_EXAMPLE = 8  # stills of a clip whose size is stated or tried out


class Clips(Record):
    """A network sees clips, several stills in their order: `[N, T, C, H, W]`.

    The command line writes `every=2,max_stills=16`.
    """

    every: int = field(
        default=1, gt=0, le=limits.MAX_STILLS, description="Of so many stills in a row, the first is seen."
    )
    max_stills: int = field(
        default=64,
        ge=FEWEST_STILLS,
        le=limits.MAX_SEEN_STILLS,
        description="Of longer clips so many stills are seen, evenly spread.",
    )

    @classmethod
    def in_full(cls, given: Any) -> Any:
        """The settings that a text such as `every=2,max_stills=16` holds."""
        if not isinstance(given, str):
            return given
        return {key: number for key, number in parse_compact(f"clips:{given}", "name").items() if key != "name"}

    @property
    def example(self) -> int:
        """Stills of a usual clip."""
        return min(_EXAMPLE, self.max_stills)

    def seen(self, count: int) -> list[int]:
        """The indices of the stills that are seen of a clip of `count` stills."""
        stills = range(0, count, self.every)
        if len(stills) <= self.max_stills:
            return list(stills)
        return [stills[round(place * (len(stills) - 1) / (self.max_stills - 1))] for place in range(self.max_stills)]
