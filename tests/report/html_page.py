"""A page as its elements and texts."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "input", "use", "path", "rect", "line", "circle"}


class Page(HTMLParser):
    """Elements with their attributes, the text of each kind of element, and whether tags nest."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.stray: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.stray.append(tag)

    def handle_data(self, data) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.elements if name in attributes]
