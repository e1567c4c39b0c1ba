"""Rendered lines, an archive of them as Parquet, and the command that labels it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from stand_ins import images_in

from crnn_deploy.data.rendering.options import RenderConfig
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.labelling.config import LabelConfig
from crnn_deploy.labelling.label import Labelled, label
from crnn_deploy.zoo import READER

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="session")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The PNGs of 12 lines."""
    folder = tmp_path_factory.mktemp("lines")
    options = RenderConfig(count=12, seed=1, charset="0123456789ABCDEF", max_length=8, output=folder / "lines.tar")
    return list(images_in(render_lines(options, options.output)))


def write_shards(folder: Path, shards: Sequence[Sequence[bytes]]) -> Path:
    folder.mkdir(exist_ok=True)
    schema = pa.schema({"image": pa.binary()})
    for number, images in enumerate(shards):
        pq.write_table(pa.table({"image": list(images)}, schema), folder / f"lines-{number:05d}.parquet")
    return folder


@pytest.fixture
def archive(tmp_path: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four shards of three lines in the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_shards(tmp_path / "archive", [lines[first : first + 3] for first in range(0, 12, 3)])


@pytest.fixture
def labelled(archive: Path) -> Callable[..., Labelled]:
    """Labels the archive, or other sources, into `out` by one process, unless told otherwise."""

    def run(*sources: str, **options: Any) -> Labelled:
        given = {"model": READER, "sources": sources or (archive.name,), "output": "out", "workers": 1}
        return label(LabelConfig(**(given | options)))

    return run


def rows(folder: str = "out") -> list[dict[str, Any]]:
    """The rows of all files, in order."""
    return [row for path in sorted(Path(folder).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def contents(folder: str = "out") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
