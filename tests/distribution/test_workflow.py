"""The workflow that builds wheels for other systems cannot run here: its files are checked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))


def test_the_settings_are_those_that_cibuildwheel_knows(project: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("cibuildwheel")
    schema = json.loads((files("cibuildwheel") / "resources" / "cibuildwheel.schema.json").read_text())
    jsonschema.validate(project["tool"]["cibuildwheel"], schema)
    assert (ROOT / project["tool"]["cibuildwheel"]["test-command"].removeprefix("python {project}/")).is_file()


@pytest.mark.parametrize(
    ("platform", "archs", "wheels"),
    [
        ("linux", "x86_64", ["cp312-manylinux_x86_64"]),
        ("linux", "aarch64", ["cp312-manylinux_aarch64"]),
        ("macos", "x86_64,arm64", ["cp312-macosx_x86_64", "cp312-macosx_arm64"]),
        ("windows", "AMD64", ["cp312-win_amd64"]),
    ],
)
def test_one_wheel_is_built_for_each_system(platform: str, archs: str, wheels: list[str]) -> None:
    pytest.importorskip("cibuildwheel")
    command = ["-m", "cibuildwheel", "--print-build-identifiers", "--platform", platform, "--archs", archs, ROOT]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == wheels


def test_a_machine_of_each_system_builds() -> None:
    jobs = workflow("wheels.yml")["jobs"]
    machines = jobs["wheels"]["strategy"]["matrix"]["machine"]
    systems = ("ubuntu-[0-9.]+", "ubuntu-.*-arm", "macos-.*-intel", "macos-[0-9]+", "windows-.*")
    assert all(re.fullmatch(system, machine) for system, machine in zip(systems, machines, strict=True))


@pytest.mark.parametrize("name", sorted(path.name for path in WORKFLOWS.glob("*.yml")))
def test_steps_name_files_that_exist_and_actions_with_a_version(name: str) -> None:
    steps = [step for job in workflow(name)["jobs"].values() for step in job["steps"]]
    assert steps
    for step in steps:
        assert "run" in step or re.fullmatch(r"[\w-]+/[\w-]+@v\d[\d.]*", step["uses"])
        for script in re.findall(r"\S+\.py\b", step.get("run", "")):
            assert (ROOT / script).is_file()


def test_the_versions_of_python_are_those_that_are_tested(project: dict[str, Any]) -> None:
    tested = workflow("test.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    listed = [text.rpartition(" ")[2] for text in project["project"]["classifiers"] if ":: Python :: 3." in text]
    assert listed == tested


def test_classifiers_are_those_of_the_index(project: dict[str, Any]) -> None:
    known = pytest.importorskip("trove_classifiers").classifiers
    assert set(project["project"]["classifiers"]) <= known
