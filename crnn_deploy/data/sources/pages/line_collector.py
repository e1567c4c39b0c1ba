"""What collecting the lines of a page has in common in PAGE and ALTO XML."""

from __future__ import annotations

from crnn_deploy.data.sources.pages.page_file import Box, PageFile, PageLine, box_around


class LineCollector:
    """Takes the text of an element that is asked for, and keeps the lines in their order; `origin` names the file."""

    def __init__(self, origin: str) -> None:
        self.image = ""
        self.width = self.height = 0
        self.lines: list[PageLine] = []
        self._origin = origin
        self._name = ""
        self._points: list[tuple[float, float]] = []
        self._collected: list[str] | None = None

    def page(self) -> PageFile:
        """All that was collected."""
        return PageFile(self.image, self.width, self.height, tuple(self.lines))

    def text(self, data: str) -> None:
        if self._collected is not None:
            self._collected.append(data)

    def _taken(self) -> str:
        """The collected text, of which there is none any more."""
        taken = "".join(self._collected or ())
        self._collected = None
        return taken

    def _box_of_polygon(self) -> Box:
        """The box around the line's polygon. Raises `ValueError` naming the line if there is none."""
        try:
            return box_around(self._points)
        except ValueError as error:
            raise ValueError(f"the polygon of line {self._name[:80]!r} is wrong: {error}") from None
