"""The Python API has the verbs of the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

import crnn_deploy


@pytest.mark.parametrize("verb", crnn_deploy.__all__)
def test_every_verb_is_a_function(verb: str) -> None:
    assert callable(getattr(crnn_deploy, verb))


def test_rooms_do_not_take_the_place_of_verbs() -> None:
    from crnn_deploy.benchmark import BenchmarkConfig
    from crnn_deploy.export import ExportConfig

    assert {BenchmarkConfig.__name__, ExportConfig.__name__} == {"BenchmarkConfig", "ExportConfig"}
    assert callable(crnn_deploy.export)
    assert callable(crnn_deploy.benchmark)


def test_the_command_line_starts_without_pytorch() -> None:
    code = "import sys, crnn_deploy.cli.app; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_unknown_names_are_unknown() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        crnn_deploy.nothing  # noqa: B018
