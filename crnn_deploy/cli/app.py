"""`crnn-deploy`: the table of verbs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Annotated

import typer

from crnn_deploy import __version__
from crnn_deploy.cli.benchmark import benchmark
from crnn_deploy.cli.build_engine import build_engine
from crnn_deploy.cli.build_plugin import build_plugin
from crnn_deploy.cli.distill import distill
from crnn_deploy.cli.doctor import doctor
from crnn_deploy.cli.evaluate import evaluate
from crnn_deploy.cli.explain import explain
from crnn_deploy.cli.export import export
from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.import_ import FAMILIES, import_
from crnn_deploy.cli.inspect import inspect
from crnn_deploy.cli.join import join
from crnn_deploy.cli.label import label
from crnn_deploy.cli.language import language
from crnn_deploy.cli.options import DEBUG, command
from crnn_deploy.cli.package import package
from crnn_deploy.cli.predict import predict
from crnn_deploy.cli.quantize import quantize
from crnn_deploy.cli.render import render
from crnn_deploy.cli.report import report
from crnn_deploy.cli.run import run
from crnn_deploy.cli.streams import prepare
from crnn_deploy.cli.students import students
from crnn_deploy.cli.train import train

app = typer.Typer(
    name="crnn-deploy",
    cls=Commands,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def crnn_deploy(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    _debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Make CRNN text recognisers small and fast, and prove that they still read.

    Exit codes: 0 done, 1 a gate failed, 2 the input is wrong, 70 a bug, 130 interrupted.
    """
    _silence_pillow()
    if version:
        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _silence_pillow() -> None:
    """Pillow's warnings have no names of images; an image that matters is named by an error of ours."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)


VERBS: dict[str, Callable[..., None]] = {
    "inspect": inspect,
    "import": import_,
    "train": train,
    "students": students,
    "distill": distill,
    "export": export,
    "quantize": quantize,
    "language": language,
    "build-engine": build_engine,
    "build-plugin": build_plugin,
    "evaluate": evaluate,
    "benchmark": benchmark,
    "predict": predict,
    "label": label,
    "explain": explain,
    "package": package,
    "report": report,
    "run": run,
    "render": render,
    "join": join,
    "doctor": doctor,
}
SHOWN = {"import": {"families": FAMILIES}}
for name, verb in VERBS.items():
    app.command(name)(command(verb, SHOWN.get(name, {})))


def main() -> None:
    """Run the command line in this process."""
    prepare()
    app()
