"""Progress passes items through unchanged; errors keep the user's text as it is."""

from __future__ import annotations

import pytest

from crnn_deploy.cli.console import RichProgress, show_error
from crnn_deploy.errors import InputError


def test_progress_yields_every_item_and_writes_nothing_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with RichProgress() as progress:
        progress.status("before any bar")
        seen = []
        for item in progress.track(range(3), "Counting", 3):
            progress.status(f"at {item}")
            progress.log(f"[bold]item {item}[/bold]")
            seen.append(item)
    captured = capsys.readouterr()
    assert seen == [0, 1, 2]
    assert captured.out == ""
    assert "[bold]item 2[/bold]" in captured.err


def test_progress_may_be_left_early() -> None:
    with RichProgress() as progress:
        for _ in progress.track(range(3), "Counting", 3):
            break
        assert list(progress.track("ab", "Again", 2)) == ["a", "b"]


def test_an_error_is_one_block_with_its_text_untouched(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(InputError("[red]x[/red] is wrong.", "It is:\n· odd", "Mend it."))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "✗ [red]x[/red] is wrong.\n  It is:\n  · odd\n→ Mend it.\n"
