"""The house stands: imports point to lower floors only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import crnn_deploy

PACKAGE = Path(crnn_deploy.__file__).parent
# From the roof to the ground; rooms on one line don't know each other.
FLOORS = (
    ("cli",),
    ("api",),
    ("pipeline",),
    ("report", "serving"),
    ("training", "explaining"),
    ("students",),
    ("engine",),
    ("quantization",),
    ("benchmark", "pages", "labelling", "joining"),
    ("inspection",),
    ("export", "language"),
    ("evaluation", "checkpoints"),
    ("reading",),
    ("runtime",),
    ("models",),
    ("data",),
    ("artifact", "environment", "text_encoding"),
    ("native",),
    ("onnx_graph",),
    ("spec",),
    ("preprocessing", "class_sequences", "ngrams", "text_order"),
    ("clips", "vector", "cache_limit", "language_model", "workers"),
    ("validation", "text_formats", "scratch", "folders"),
    ("record",),
    ("record_model",),
    ("config", "compact", "files", "package_process", "progress", "ranks", "zoo"),
    ("errors", "limits", "plain_values", "units", "escaping", "import_path", "child_process", "locking"),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
LONGEST = 250


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or not path.stem.startswith("__"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name.split(".")[1] for name in names if name.startswith("crnn_deploy."))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    own = room_of(path)
    wrong = {room for room in imported_rooms(path) if room != own and FLOOR_OF[room] <= FLOOR_OF[own]}
    assert not wrong


def test_files_stay_short() -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
