"""The picture of the rooms: floors from tests/test_architecture.py, descriptions and imports from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crnn_deploy"

_WIDTH, _ROW, _TOP, _NAMES, _TEXT = 1000, 52, 30, 190, 206


def floors() -> list[tuple[str, ...]]:
    """The floors from the roof to the ground, as the test of the architecture states them."""
    tree = ast.parse((ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "FLOORS" for t in node.targets):
            return list(ast.literal_eval(node.value))
    raise ValueError("tests/test_architecture.py has no FLOORS")


def description(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = PACKAGE / room / "__init__.py"
    file = path if path.exists() else PACKAGE / f"{room}.py"
    text = " ".join((ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split())
    return text.split(". ")[0].rstrip(".").replace("`", "")


def used_by(room: str) -> list[str]:
    """The other rooms that a room imports from, from the roof to the ground."""
    folder = PACKAGE / room
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]
    imported = {name for file in files for name in _imported_rooms(file)}
    return [name for floor in floors() for name in floor if name in imported and name != room]


def _imported_rooms(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [f"crnn_deploy.{alias.name}" for alias in node.names] if names == ["crnn_deploy"] else []
        yield from (name.split(".")[1] for name in names if name.startswith("crnn_deploy."))


def draw_rooms() -> str:
    """An SVG that takes its colours from the page: one row a room, floors from top to bottom."""
    rows: list[str] = []
    y = _TOP
    for number, floor in enumerate(floors()):
        height = _ROW * len(floor) - 8
        if number % 2 == 0:
            rows.append(f'<rect x="0" y="{y - 4}" width="{_WIDTH}" height="{height + 8}" fill-opacity="0.05"/>')
        for index, room in enumerate(floor):
            rows.append(_room(room, y + index * _ROW))
        y += height + 8
    head = (
        f'<svg class="rooms" viewBox="0 0 {_WIDTH} {y}" role="img" fill="currentColor" font-size="14" '
        'xmlns="http://www.w3.org/2000/svg"><title>The rooms of crnn_deploy, from the roof to the ground</title>'
        f'<text x="20" y="18" font-size="13" opacity="0.7">Each room imports only from rooms below it.</text>'
    )
    return f"{head}{''.join(rows)}</svg>"


def _room(room: str, y: int) -> str:
    name = f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
    uses = ", ".join(used_by(room)) or "none of the rooms"
    return (
        f'<rect x="16" y="{y}" width="{_NAMES - 16}" height="{_ROW - 12}" rx="4" fill-opacity="0.12"/>'
        f'<text x="{_NAMES / 2 + 8}" y="{y + 26}" text-anchor="middle" font-weight="bold">{escape(name)}</text>'
        f'<text x="{_TEXT}" y="{y + 17}">{escape(_shortened(description(room), 100))}</text>'
        f'<text x="{_TEXT}" y="{y + 35}" font-size="12" opacity="0.7">uses {escape(_shortened(uses, 120))}</text>'
    )


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0].rstrip(',')} …"
