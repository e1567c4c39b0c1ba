"""What a user would be told."""

from __future__ import annotations

from crnn_deploy.progress import Silent


class Told(Silent):
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        self.lines.append(text)
