"""Opens a file or a folder from the index that was kept, or else anew, so that its index is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crnn_deploy.data.index.extents import Places
from crnn_deploy.data.index.keeping import IndexHome, KeptIndex, stamping
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.encoded import EncodedSource, of_kept
from crnn_deploy.progress import Progress, Told


def reopened(
    place: Path,
    needs_labels: bool,
    progress: Progress,
    anew: Callable[[Progress], Source],
    places: Callable[[KeptIndex], Places],
) -> Source:
    """The source at a place.

    What was not refused where labels are needed is the same source where they are not, and so is what has labels.

    Args:
        anew: opens it without an index.
        places: of the images of a kept index, which has their names.
    """
    stamp = stamping(place)
    strict, lenient = (IndexHome(place, f"files, needs labels: {needs}", stamp) for needs in (True, False))
    for home in (strict,) if needs_labels else (strict, lenient):
        kept = home.kept()
        if kept is not None and kept.names is not None:
            return of_kept(kept, kept.names, places(kept), progress)
    told = Told(progress)
    source = anew(told)
    home = strict if needs_labels or source.kind != "unlabelled" else lenient
    return source.kept_by(home, told.sentences) if isinstance(source, EncodedSource) else source
