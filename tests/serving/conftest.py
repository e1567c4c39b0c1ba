"""The package's reader, packaged once."""

from __future__ import annotations

import pytest

from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import Package, package
from crnn_deploy.zoo import READER


@pytest.fixture(scope="session")
def packaged_reader(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package for Python of the reader that comes with crnn-deploy; leave its folder as it is."""
    folder = tmp_path_factory.mktemp("package") / "reader"
    return package(PackageConfig(model=READER, target="python", output=folder, examples=4))
