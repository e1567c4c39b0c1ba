"""The package's reader, packaged once for each language, lines of receipts, and noise."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from cpp_project import WARNINGS, Project
from javascript_packages import CACHE, require_npm_package
from PIL import Image

from crnn_deploy.serving.config import PackageConfig, TargetName
from crnn_deploy.serving.package import Package, package
from crnn_deploy.serving.targets.javascript.npm import VERSION
from crnn_deploy.serving.targets.python.module import SEARCH
from crnn_deploy.zoo import READER


@pytest.fixture(scope="session", autouse=True)
def _search_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a language model needs can be imported by `crnn_reader.py` in the sources, where copies do not lie."""
    folder = tmp_path_factory.mktemp("search")
    for name, source in SEARCH.items():
        shutil.copyfile(source, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


@pytest.fixture(scope="session")
def packaged_reader(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package for Python of the reader that comes with crnn-deploy; leave its folder as it is."""
    folder = tmp_path_factory.mktemp("package") / "reader"
    return package(PackageConfig(model=READER, target="python", output=folder, examples=4))


@pytest.fixture(scope="session")
def packaged_for_cpp(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package for C++ of that reader, which was built without any warning; leave its folder as it is."""
    folder = tmp_path_factory.mktemp("cpp") / "reader"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXXFLAGS", " ".join(WARNINGS))
        return package(PackageConfig(model=READER, target="cpp", output=folder, examples=4))


@pytest.fixture(scope="module")
def project(packaged_for_cpp: Package, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of it, built with sanitizers; each file of tests has one of its own, where it may leave another model."""
    scratch = tmp_path_factory.mktemp("sanitized")
    copy = Path(shutil.copytree(packaged_for_cpp.path, scratch / "reader"))
    built = Project(copy, scratch / "build")
    built.configure()
    built.make()
    return built


@pytest.fixture(scope="session")
def packaged_for_node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for Node.js of that reader, with its packages of npm beside; leave it as it is."""
    folder = packaged_in_javascript("node", tmp_path_factory.mktemp("node"))
    (folder / "node_modules").symlink_to(CACHE / "npm" / f"onnxruntime-node-{VERSION}" / "node_modules")
    return folder


@pytest.fixture(scope="session")
def packaged_for_web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for browsers of that reader; leave it as it is."""
    return packaged_in_javascript("web", tmp_path_factory.mktemp("web"))


def packaged_in_javascript(target: TargetName, parent: Path) -> Path:
    require_npm_package(f"onnxruntime-{target}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRNN_DEPLOY_CACHE", str(CACHE))
        package(PackageConfig(model=READER, target=target, output=parent / "reader", examples=4))
    return parent / "reader"


@pytest.fixture(scope="session")
def receipts(shared_data: Path) -> dict[str, bytes]:
    """200 lines of receipts: names and JPEG files."""
    found = {}
    with tarfile.open(shared_data / "sroie_lines" / "val.tar") as archive:
        for member in islice((member for member in archive if member.name.endswith((".png", ".jpg"))), 200):
            file = archive.extractfile(member)
            assert file is not None
            found[Path(member.name).name] = file.read()
    return found


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Noise of many widths."""
    folder, random = tmp_path / "pictures", np.random.default_rng(0)
    folder.mkdir()
    for number in range(20):
        pixels = random.integers(0, 256, (16, 20 + 10 * number), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder
