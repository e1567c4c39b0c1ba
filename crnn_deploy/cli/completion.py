"""What the shell offers for a word that is being typed: file names with the right suffix, or known words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def complete_words(words: Sequence[str], incomplete: str) -> list[str]:
    """The words that begin as `incomplete` does."""
    return [word for word in words if word.startswith(incomplete)]


def complete_files(suffixes: Sequence[str], incomplete: str) -> list[str]:
    """Folders, and files with one of the suffixes (all files where there are none), that begin as `incomplete` does."""
    typed = Path(incomplete)
    folder = typed if incomplete.endswith("/") else typed.parent
    start = "" if incomplete.endswith("/") else typed.name
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.name.startswith(start))
    except OSError:
        return []
    shown = [entry for entry in entries if not entry.name.startswith(".") or start.startswith(".")]
    return [f"{entry}/" if entry.is_dir() else str(entry) for entry in shown if _is_offered(entry, suffixes)]


def _is_offered(entry: Path, suffixes: Sequence[str]) -> bool:
    return entry.is_dir() or not suffixes or entry.suffix in suffixes
