"""Opens a source in several processes, so that one of each machine looks through it."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import WithFacts
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.ranks import Ranks
from crnn_deploy.scratch import scratch_folder


def open_by_ranks(location: str, ranks: Ranks, progress: Progress = SILENT, needs_labels: bool = True) -> Source:
    """As `open_source`, in all processes at the same point.

    The first process of a machine finds what is known of all images, while the others wait. They map its index where
    one is kept, or else a temporary file that it writes.

    Raises:
        InputError: as `open_source` does, or if another process has ended, or there is no space for the file.
    """
    if ranks.count == 1:
        return open_source(location, progress, needs_labels)
    if ranks.local_rank:
        folder = ranks.gather("")[ranks.rank - ranks.local_rank]
        source = open_source(location, progress, needs_labels)
        found = WithFacts(source, Facts.load(Path(folder))) if folder else source
        ranks.wait()
        return found
    source = open_source(location, progress, needs_labels)
    facts = source.facts(progress)
    if facts.is_mapped:
        ranks.gather("")
        ranks.wait()
        return source
    with scratch_folder() as place:
        facts.save(place)
        ranks.gather(str(place))
        ranks.wait()
    return source
