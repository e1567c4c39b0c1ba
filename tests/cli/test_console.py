"""Progress passes items through unchanged; errors keep the user's text as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.cli.console import RichProgress, facts_table, show, show_error, show_written
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


HOSTILE = "a\x1b[31m\x07\n✓ passed\t\u202e\udcff"
SHOWN = r"a\x1b[31m\x07\n✓ passed\t\u202e\udcff"


def test_names_cannot_act_on_the_terminal_or_make_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    show(facts_table([("file", HOSTILE), ("steps", ["one", HOSTILE])]))
    show_written(Path(HOSTILE), "")
    show_error(InputError(f"{HOSTILE} is wrong.", HOSTILE, HOSTILE))
    with RichProgress() as progress:
        progress.log(HOSTILE)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [lines[0], *lines[-1:]] == [lines[0], f"✓ {SHOWN}  "]
    assert captured.out.count(SHOWN) == 3
    assert captured.err.startswith(f"✗ {SHOWN} is wrong.\n  a\\x1b[31m\\x07\n  ✓ passed")
    for character in "\x1b\x07\t\u202e\udcff":
        assert character not in captured.out + captured.err


def test_an_error_is_one_block_with_its_text_untouched(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(InputError("[red]x[/red] is wrong.", "It is:\n· odd", "Mend it."))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "✗ [red]x[/red] is wrong.\n  It is:\n  · odd\n→ Mend it.\n"
