"""Packages of npm, installed once into the cache, and programs that run in Node.js."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy.cache_limit import cache_place, limit_cache, mark_used
from crnn_deploy.errors import InputError
from crnn_deploy.folders import replacing_folder
from crnn_deploy.serving.targets.checking import run

VERSION = "1.30.0"
"""Of ONNX Runtime's packages."""

_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1")
"""The scripts of onnxruntime-node fetch libraries for GPUs."""


def installed(package: str) -> Path:
    """The folder `node_modules` of the cache that holds a package of ONNX Runtime; npm installs it if it is absent.

    Raises:
        InputError: if Node.js or npm is missing, or the package cannot be fetched.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise InputError(
                f"{program} is not installed.",
                f"The folder is checked before it is written, and {package} comes from npm.",
                "Install Node.js 18 or newer with npm: https://nodejs.org",
            )
    folder = cache_place("npm") / f"{package}-{VERSION}"
    if not folder.is_dir():
        with replacing_folder(folder) as new:
            _install(f"{package}@{VERSION}", new)
        limit_cache(folder)
    mark_used(folder)
    return folder / "node_modules"


def run_script(script: Path) -> tuple[int, str]:
    """Run a module in Node.js: the exit code, and what was printed."""
    return run(["node", str(script)])


def _install(package: str, folder: Path) -> None:
    code, said = run(["npm", "install", "--prefix", str(folder), *_QUIET, package])
    if code:
        raise InputError(
            f"npm cannot install {package}: {said.strip().partition(chr(10))[0] or f'it ended with {code}'}.",
            "The registry of npm cannot be reached, or the disk is full.",
            f"Try it yourself: npm install {package}",
        )
