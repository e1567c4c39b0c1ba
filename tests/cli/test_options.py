"""Options are made from the fields of a config: names, types, defaults, limits, help; values become the config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.options import command, settings_of
from crnn_deploy.config import Argument, Flags, Fraction, Frozen, NoOption, OneByOne, Option


class Network(Frozen):
    NAMED_BY: ClassVar[str] = "family"

    stride: Literal[4, 8] = Field(default=4, description="Pixels for each frame.")
    family: Literal["small", "large"] = "small"
    width: float = Field(default=1.0, gt=0, le=4, description="Scales the channels.")
    residual: bool = Field(default=False, description="Add the input.")


class Everything(Frozen):
    RENAMED: ClassVar[dict[str, str]] = {"max_drop": "max_rise, a fraction: 0.5 points are 0.005"}

    model: Annotated[Path, Argument(metavar="MODEL", suffixes=(".onnx",))] = Field(description="A model.")
    output: Annotated[Path, Option(short="-o", metavar="OUT")] = Field(description="The file to write.")
    precision: Annotated[Literal["fp16", "int8"], Flags(texts=(("int8", "Eight bits."),))] = Field(description="How.")
    epochs: int = Field(default=15, gt=0, description="Passes over the data.")
    sizes: Annotated[tuple[int, ...], Option(name="size")] = Field(default=(1, 2), description="Sizes.")
    max_rise: Annotated[Fraction | None, Option(text=True, metavar="FRACTION")] = Field(
        default=None, ge=0, le=1, description="The cap."
    )
    labels: bool = Field(default=True, description="Read labels.")
    force: bool = Field(default=False, description="Overwrite.")
    network: Annotated[Network, OneByOne()] = Field(default=Network(), description="The network.")
    resamples: Annotated[int, NoOption()] = 1000


received: list[Everything] = []


def do_it(config: Everything, as_json: bool) -> None:
    """Do it."""
    received.append(config)
    if as_json:
        typer.echo("{}")


APP = typer.Typer(cls=Commands)
APP.command("do-it")(command(do_it))
APP.command("other")(lambda: None)


def invoke(options: str) -> Any:
    received.clear()
    return CliRunner().invoke(APP, ["do-it", *options.split()])


def config_of(options: str) -> Everything:
    result = invoke(options)
    assert result.exit_code == 0, result.output
    return received[0]


def test_only_what_is_given_is_set() -> None:
    config = config_of("m.onnx -o out --fp16")
    assert config.model_fields_set == {"model", "output", "precision"}
    assert config == Everything(model=Path("m.onnx"), output=Path("out"), precision="fp16")


def test_every_kind_of_value() -> None:
    config = config_of("m.onnx --output out --int8 --epochs 3 --size 4 --size 5 --max-rise 0.5% --no-labels --force")
    assert (config.precision, config.epochs, config.sizes, config.max_rise) == ("int8", 3, (4, 5), 0.005)
    assert (config.labels, config.force) == (False, True)


def test_a_nested_config_is_given_as_a_whole_or_one_by_one() -> None:
    assert config_of("m -o o --fp16 --width 2 --residual").network == Network(width=2, residual=True)
    assert config_of("m -o o --fp16 --network large --width 2").network == Network(family="large", width=2)
    assert config_of("m -o o --fp16 --stride 8").network == Network(stride=8)
    assert config_of("m -o o --fp16 --network large:residual=true --width 2").network.residual


def test_flags_json_and_help_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = " ".join(invoke("--help").output.split())
    for part in ("MODEL", "--output", "-o", "Eight bits.", "(default 15, > 0)", "--no-labels", "--json", "--debug"):
        assert part in text
    assert "--resamples" not in text
    assert "--max-drop" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("m -o o", "do-it needs to know the precision.\n→ Give one of --fp16 and --int8."),
        ("m -o o --fp16 --int8", "do-it takes only one precision."),
        ("m -o o --fp16 --epochs 0", "'--epochs': Input should be greater than 0"),
        ("m -o o --fp16 --epochs many", "'--epochs'"),
        ("m -o o --fp16 --width 9", "'--width': Input should be less than or equal to 4"),
        ("m -o o --fp16 --network huge", "--network"),
        ("m -o o --fp16 --network small:width=1 --width 2", "width is given twice"),
        ("m -o o --fp16 --network small:width --residual", "not key=value"),
        ("m -o o --fp16 --network small:widht=1 --residual", "did you mean 'width'?"),
        ("m -o o --fp16 --max-drop 0.5", "--max-drop is now --max-rise, a fraction: 0.5 points are 0.005."),
        ("m --fp16", "Missing option"),
    ],
)
def test_wrong_values_name_the_option(options: str, message: str) -> None:
    result = invoke(options)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not received


def test_each_setting_leads_to_a_field() -> None:
    for setting in settings_of(Everything):
        outer, *inner = setting.path
        assert outer in Everything.model_fields
        assert all(name in Network.model_fields for name in inner)
