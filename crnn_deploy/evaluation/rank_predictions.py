"""Predictions that several processes made, brought together in the first."""

from __future__ import annotations

from crnn_deploy.evaluation.prediction_spill import Spill, space_needed
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.ranks import Ranks


def of_all_ranks(own: Predictions, ranks: Ranks) -> Predictions | None:
    """In the first process those of all, in the order of the source, as one process would have made them; else None.

    They are sent in blocks, and few are in memory at once.

    Raises:
        InputError: if there is no space left for temporary files, or another process has ended.
    """
    if ranks.count == 1:
        return own
    with space_needed(), Spill() as spill:
        for block in ranks.interleaved(own.blocks()):
            spill.add_rows(block.rows, block.data)
        return Predictions(spill.ordered()) if ranks.first else None
