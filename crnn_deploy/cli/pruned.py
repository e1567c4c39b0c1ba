"""Show what `run --prune` removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from crnn_deploy.cli.console import show, show_reservation
from crnn_deploy.escaping import visible

if TYPE_CHECKING:
    from rich.table import Table

    from crnn_deploy.pipeline.prune import Pruned


def show_pruned(pruned: Pruned) -> None:
    """Print a table of what was removed, what stays and why, and the sizes of the folder before and after."""
    from crnn_deploy.units import size

    if pruned.removed:
        show(_table(pruned))
    for path in pruned.foreign:
        show_reservation(f"{path} is not of crnn-deploy, and stays")
    if pruned.missing:
        missing = ", ".join(pruned.missing)
        show_reservation(f"No result yet: {missing}. What later stages stored stays")
    before, after = size(pruned.bytes_before), size(pruned.bytes_after)
    if not pruned.removed:
        said = f"nothing to remove: {before}"
    elif pruned.dry_run:
        said = f"{before}, would be {after}; nothing was removed"
    else:
        said = f"{before} before, {after} now"
    show(Text(f"{visible(str(pruned.folder))}: {said}"))


def _table(pruned: Pruned) -> Table:
    from crnn_deploy.report.rich_tables import ruled_table
    from crnn_deploy.units import size

    table = ruled_table()
    table.add_column("would be removed" if pruned.dry_run else "removed", overflow="fold")
    table.add_column("what it is", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    for part in pruned.removed:
        table.add_row(Text(part.path), Text(part.kind), Text(size(part.bytes)))
    return table
