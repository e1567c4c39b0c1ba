"""The check of a package tells what is wrong with the program that runs it from what is wrong with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.serving.targets.checking import VERIFY, Program

PROGRAM = Program("some_program", "Program", extra="extra")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    return site


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose check says that a text is wrong."""
    package = tmp_path / "package"
    package.mkdir()
    (package / VERIFY).write_text("import sys, some_program; print('3 of 4'); sys.exit(1)\n")
    return package


def test_a_folder_of_that_name_is_no_program(site: Path) -> None:
    (site / "some_program").mkdir()
    with pytest.raises(InputError, match="Program is not installed") as caught:
        PROGRAM.require()
    assert "crnn-deploy[extra]" in caught.value.fix
    Program("yaml", "YAML", extra="extra").require()


def test_a_program_that_cannot_be_imported_is_no_fault_of_the_package(site: Path, package: Path) -> None:
    (site / "some_program.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    PROGRAM.require()
    with pytest.raises(InputError, match="Program is installed, and cannot be imported") as caught:
        PROGRAM.check(package)
    assert caught.value.cause == "RuntimeError: operator torchvision::nms does not exist"


def test_a_package_that_reads_otherwise_is_told_by_its_own_check(site: Path, package: Path) -> None:
    (site / "some_program.py").touch()
    assert PROGRAM.check(package) == (1, "3 of 4\n")
