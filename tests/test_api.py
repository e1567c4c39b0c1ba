"""The Python API has the verbs of the command line, and the package root holds nothing but the version."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crnn_deploy import api


@pytest.mark.parametrize("verb", [name for name in api.__all__ if name.islower()])
def test_every_verb_is_a_function(verb: str) -> None:
    assert callable(getattr(api, verb))


def test_every_config_is_a_class() -> None:
    assert all(isinstance(getattr(api, name), type) for name in api.__all__ if not name.islower())


def test_modules_are_imported_as_python_does() -> None:
    import crnn_deploy.benchmark.latency
    import crnn_deploy.export.export

    assert crnn_deploy.benchmark.latency.__name__ == "crnn_deploy.benchmark.latency"
    assert crnn_deploy.export.export.__name__ == "crnn_deploy.export.export"


@pytest.mark.parametrize("module", ["crnn_deploy.cli.app", "crnn_deploy.api"])
def test_the_command_line_and_the_api_start_without_heavy_libraries(module: str) -> None:
    code = f"import sys, {module}; print({{'torch', 'onnx', 'onnxruntime'}} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
