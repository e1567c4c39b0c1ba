"""What every verb promises: help with examples, one JSON object, exit codes, and errors in one block."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import tiny_crnn
import torch
from typer.main import get_command
from typer.testing import CliRunner

from crnn_deploy.cli.app import VERBS, app
from crnn_deploy.cli.field_types import read_type
from crnn_deploy.cli.options import settings_of
from crnn_deploy.config import Frozen, NoOption
from crnn_deploy.errors import GateError
from crnn_deploy.models.legere import CompactCrnn, LegereOptions


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def examples(verb: str) -> list[list[str]]:
    """The commands in the help of a verb, as arguments."""
    text = (VERBS[verb].__doc__ or "").partition("Examples:")[2].replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("crnn-deploy ")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with a checkpoint, labelled lines and an artifact, under the names that the examples use."""
    monkeypatch.chdir(tmp_path)
    images = tiny_crnn.image_folder(tmp_path / "val", 6)
    rows = [f"{file.name}\tabc" for file in sorted(images.glob("*.png"))]
    (images / "labels.tsv").write_text("\n".join(rows) + "\n")
    tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    network = CompactCrnn(LegereOptions(stem=4, channels=(4,) * 6, hidden=5), inputs=1, outputs=4)
    torch.save({"model": network.state_dict(), "charset": "abc"}, "model.pt")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples_that_parse(verb: str) -> None:
    shown = invoke(verb, "--help")
    assert shown.exit_code == 0
    assert "Examples" in shown.output
    for option in ("--json", "--debug"):
        assert option in shown.output
    group = get_command(app)
    assert examples(verb)
    for example in examples(verb):
        assert example[0] == verb
        group.commands[verb].make_context(verb, example[1:])


def config_of(verb: str) -> type[Frozen] | None:
    config: type[Frozen] | None = get_type_hints(VERBS[verb]).get("config")
    return config


@pytest.mark.parametrize("verb", [verb for verb in VERBS if config_of(verb)])
def test_every_option_is_a_field_with_a_description(verb: str) -> None:
    config = config_of(verb)
    assert config is not None
    offered = {setting.path[0] for setting in settings_of(config)}
    for name, field in config.model_fields.items():
        assert name in offered or isinstance(read_type(field).option, NoOption), name
        assert re.search(r"[.)]$", field.description or ""), f"{config.__name__}.{name} has no description"


def test_the_same_field_is_spelled_the_same_everywhere() -> None:
    spellings: dict[str, set[str]] = {}
    for verb in VERBS:
        config = config_of(verb)
        for setting in settings_of(config) if config else ():
            if setting.flag is None and setting.spelling.startswith("--"):
                spellings.setdefault(setting.path[-1], set()).add(setting.spelling)
    assert {name: found for name, found in spellings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if config_of(verb)])
def test_what_needs_an_example_has_one_that_is_valid(verb: str) -> None:
    config = config_of(verb)
    assert config is not None
    for name, field in config.model_fields.items():
        if field.is_required() or field.get_default() is None:
            assert field.examples or read_type(field).words or name == "output", f"{config.__name__}.{name}"


def test_no_verb_and_version() -> None:
    assert "Usage" in invoke().output
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", invoke("--version").output)


@pytest.mark.parametrize(
    "command",
    [
        "inspect model.pt",
        "import model.pt -o out.safetensors",
        "export tiny.safetensors -o out.onnx",
        "evaluate tiny.safetensors --data val",
        "benchmark tiny.safetensors --rounds 3 --seconds 0.01",
        "render -o lines.tar --count 3",
        "doctor",
    ],
)
@pytest.mark.usefixtures("folder")
def test_json_is_exactly_one_object_on_stdout(command: str) -> None:
    result = invoke(*command.split(), "--json")
    assert result.exit_code == 0, result.output
    assert isinstance(json.loads(result.stdout), dict)


@pytest.mark.usefixtures("folder")
def test_people_get_text() -> None:
    for command in ("inspect model.pt", "evaluate tiny.safetensors --data val", "doctor"):
        result = invoke(*command.split())
        assert result.exit_code == 0, result.output
        assert result.stdout.strip()
        assert not result.stdout.startswith("{")


@pytest.mark.usefixtures("folder")
def test_evaluate_prints_the_agreed_keys() -> None:
    figures = json.loads(invoke("evaluate", "tiny.safetensors", "--data", "val", "--json").stdout)
    assert {"cer", "cer_ci", "word_accuracy", "word_accuracy_ci", "ci95", "count"} <= figures.keys()
    assert figures["count"] == 6


@pytest.mark.usefixtures("folder")
def test_benchmark_prints_variants() -> None:
    options = ("--rounds", 3, "--seconds", 0.01, "--batch", 1, "--batch", 2, "--json")
    (variant,) = json.loads(invoke("benchmark", "tiny.safetensors", *options).stdout)["variants"]
    assert {row["batch"] for row in variant["latency"]} == {1, 2}


@pytest.mark.usefixtures("folder")
def test_the_verbs_work_on_each_others_output() -> None:
    for command in (
        "import model.pt -o m.safetensors",
        "export m.safetensors -o m.onnx --data val",
        "quantize m.onnx --int8 --data val -o m.int8.onnx",
        "evaluate m.int8.onnx --data val",
        "inspect m.int8.onnx",
    ):
        result = invoke(*command.split())
        assert result.exit_code == 0, result.output
    lineage = json.loads(invoke("inspect", "m.int8.onnx", "--json").stdout)["lineage"]
    assert [step["stage"] for step in lineage] == ["import", "export", "quantize"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("import model.pt", "Missing option"),
        ("evaluate tiny.safetensors", "Missing option"),
        ("evaluate tiny.safetensors --data val --batch-size 0", "--batch-size"),
        ("evaluate tiny.safetensors --data val --batch-size many", "batch-size"),
        ("evaluate tiny.safetensors --data val --decoder magic", "decoder"),
        ("inspect --jsn model.pt", "No such option"),
        ("frobnicate", "No such command"),
        ("inspect nowhere.pth", "does not exist"),
        ("evaluate model.pt --data val", "is not an artifact"),
        ("evaluate tiny.safetensors --data nowhere", "nowhere"),
        ("quantize tiny.onnx --data val -o q.onnx", "--int8"),
        ("import model.pt -o tiny.safetensors", "already exists"),
        ("report nowhere", "nowhere"),
        ("run nowhere.yaml", "does not exist"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_input_is_one_block_and_exit_code_2(command: str, message: str) -> None:
    result = invoke(*command.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("✗ ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def describe(_: Path) -> None:
        raise error

    monkeypatch.setattr("crnn_deploy.inspection.describe.describe", describe)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (GateError("Too slow."), 1, "✗ Too slow."),
        (KeyboardInterrupt(), 130, "✗ Interrupted."),
        (ZeroDivisionError("oops"), 70, "ZeroDivisionError: oops"),
    ],
)
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str) -> None:
    raising(monkeypatch, error)
    result = invoke("inspect", "x")
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("--debug", "inspect", "x"), ("inspect", "x", "--debug")])
def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    raising(monkeypatch, ZeroDivisionError("oops"))
    result = invoke(*arguments)
    assert result.exit_code == 70
    assert "Traceback" in result.stderr


def console_script(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "from crnn_deploy.cli.app import main; main()"
    variables: Mapping[str, str] = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=variables, capture_output=True, text=True, check=False
    )


def test_the_console_script_ends_with_the_exit_code() -> None:
    result = console_script("inspect", "nowhere.pth")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "✗ nowhere.pth does not exist.\n→ Check the path.\n"


def test_help_does_not_load_pytorch() -> None:
    code = "import sys; import crnn_deploy.cli.app; print({'torch', 'onnx', 'onnxruntime'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_a_full_disk_behind_stdout_is_no_bug() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "crnn_deploy", "doctor"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
