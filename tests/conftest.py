"""Shared fixtures: where the real data is, and one thread so that parallel test workers don't fight."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import settings

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PLAIN = Preprocessing(height=8, mean=(0.0,), std=(1.0,), padding="edge")


def pytest_configure() -> None:
    torch.set_num_threads(1)
    settings.register_profile("any machine", deadline=None)  # a busy machine must not fail a test
    settings.load_profile("any machine")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real checkpoints and labelled data: `CRNN_DEPLOY_DATA`, or `../shared/data` beside the project."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CRNN_DEPLOY_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}; set CRNN_DEPLOY_DATA")
    return folder


@pytest.fixture
def reader() -> ModelSpec:
    """A CTC model with a small charset and its blank last."""
    return ModelSpec(name="reader", charset=tuple("abcdeABCDE "), blank=11, preprocessing=_PLAIN)


@pytest.fixture
def classifier() -> ModelSpec:
    return ModelSpec(name="classifier", task="classify", class_names=("cat", "dog", "owl"), preprocessing=_PLAIN)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Its event loop lasts as long as the browser, so that no other test may share it."""
    from browser import chromium

    with chromium() as started:
        yield started
