"""A printed page in files of several kinds, what is read of it, and `predict --pages` beside these files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pages.printed import printed_page
from typer import Typer
from typer.testing import CliRunner

from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.options import command
from crnn_deploy.cli.predict import predict as predict_command
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.pages.page import Page
from crnn_deploy.pages.predict_pages import predict_pages

Invoke = Callable[..., Any]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`page.png`, `twice.tif` and `twice.pdf` with two pages each, and a file that is broken; leave it as it is."""
    folder = tmp_path_factory.mktemp("pages")
    page = printed_page()
    page.save(folder / "page.png")
    page.save(folder / "twice.tif", save_all=True, append_images=[page.rotate(180)])
    page.save(folder / "twice.pdf", save_all=True, append_images=[page.rotate(180)], resolution=100)
    (folder / "zbroken.png").write_bytes(b"x")
    return folder


@pytest.fixture(scope="session")
def read(folder: Path) -> Page:
    (page,) = predict_pages(PredictConfig(images=(str(folder / "page.png"),), pages=True, threads=1))
    return page


@pytest.fixture
def invoke(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(folder)
    app = Typer(cls=Commands)
    app.command("predict")(command(predict_command))
    app.command("other")(lambda: None)  # a single command would have no name
    return lambda *arguments: CliRunner().invoke(app, ["predict", *arguments, "--pages"])
