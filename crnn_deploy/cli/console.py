"""What people see: progress and messages on stderr, results on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from crnn_deploy.config import Frozen
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.escaping import json_text, visible, visible_lines
from crnn_deploy.ranks import named_ranks

T = TypeVar("T")


class RichProgress:
    """A `Progress` that draws a bar with the remaining time for each running loop. Use it in a `with` block.

    On a terminal it says "Loading" until the first loop or message: importing PyTorch alone takes two seconds.

    Args:
        bars: whether bars are drawn; not where results are printed on the same terminal meanwhile.
    """

    def __init__(self, bars: bool = True) -> None:
        console = _SafeConsole(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}", markup=False, style="dim"),
            console=console,
            transient=True,
            disable=not (bars and console.is_terminal and named_ranks().first),
        )
        self._loading: TaskID | None = None

    def __enter__(self) -> RichProgress:
        self._loading = self._bars.add_task("Loading", total=None, status="")
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        self._end_loading()
        task = self._bars.add_task(visible(description), total=total, completed=done, status="")
        try:
            for item in items:
                yield item
                self._bars.advance(task)
        finally:
            self._bars.remove_task(task)

    def status(self, text: str) -> None:
        self._end_loading()
        if self._bars.task_ids:
            self._bars.update(self._bars.task_ids[-1], status=visible(text))

    def log(self, text: str) -> None:
        self._end_loading()
        self._bars.console.print(visible_lines(text), markup=False, highlight=False, soft_wrap=True)

    def _end_loading(self) -> None:
        if self._loading is not None:
            self._bars.remove_task(self._loading)
            self._loading = None


def show(result: RenderableType) -> None:
    """Print a result for people on stdout."""
    _SafeConsole().print(result, soft_wrap=isinstance(result, Text))


def show_json(result: Mapping[str, Any], config: Frozen | None = None) -> None:
    """Print a result for machines: one JSON object on stdout, with the config that the verb ran with as `config`."""
    echo = {} if config is None else {"config": config.model_dump(mode="json")}
    print(json_text({**result, **echo}))


def facts_table(facts: Iterable[tuple[str, str | Sequence[str]]]) -> Table:
    """Names and values in two columns; a value is one line or several."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        lines = [value] if isinstance(value, str) else value
        table.add_row(name, Text("\n".join(map(visible, lines))))
    return table


def show_error(error: CrnnDeployError) -> None:
    """Print an error as one block: what is wrong, the likely cause, what to do."""
    block = Text(f"✗ {visible(error.what)}", style="bold red")
    if error.cause:
        block.append("\n  " + _indented(error.cause), style="not bold default")
    if error.fix:
        block.append(f"\n→ {_indented(error.fix)}", style="not bold cyan")
    _SafeConsole(stderr=True).print(block, soft_wrap=True)


def show_written(path: Path, details: str, proved: bool = True) -> None:
    """Print the path of a written file on stdout; the tick means that its check proved what it should."""
    mark = ("✓ ", "bold green") if proved else ("! ", "bold yellow")
    show(Text.assemble(mark, visible(str(path)), (f"  {visible(details)}", "dim")))


def show_reservation(text: str) -> None:
    """Print on stdout why something is less proved than it should be."""
    show(Text(f"! {visible(text)}.", "bold yellow"))


def _indented(text: str) -> str:
    """Lines that can't be taken for other output, whatever a name in them holds."""
    return visible_lines(text).replace("\n", "\n  ")


class _SafeConsole(Console):
    """Shows what acts on a terminal, wherever it comes from; styles are sent apart from the text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible_lines(segment.text))

    def on_broken_pipe(self) -> None:
        raise  # Rich would exit with 1, which means that a gate failed
