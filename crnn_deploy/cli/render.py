"""`crnn-deploy render`."""

from __future__ import annotations

from typing import Annotated

import typer

from crnn_deploy.cli.console import RichProgress, show_json, show_written
from crnn_deploy.cli.options import Debug, Force, Json, Output, as_config


def render(
    output: Output,
    count: Annotated[int, typer.Option(help="Lines to render.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    font: Annotated[
        list[str], typer.Option(metavar="FONT", help="A family from the package fontpkg, or a path; may be repeated.")
    ] = [],  # noqa: B006
    labelled: Annotated[bool, typer.Option("--labels/--no-labels", help="Write labels.tsv.")] = True,
    degradation: Annotated[float, typer.Option(help="From 0, clean print, to 1, barely readable copies.")] = 0.5,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Render lines of text to train and test with, for those who have no data yet.

    \b
    Examples:
      crnn-deploy render -o lines.tar --count 200 --seed 1
      crnn-deploy render -o lines.tar --count 200 --font Lato --font Roboto
    """
    from crnn_deploy.data.rendering.options import RenderOptions
    from crnn_deploy.data.rendering.render import render_lines

    given = {"count": count, "seed": seed, "labelled": labelled, "degradation": degradation, "fonts": font}
    options = as_config(RenderOptions, given)
    with RichProgress() as progress:
        path = render_lines(options, output, force, progress)
    if as_json:
        show_json({"path": str(path), **options.model_dump(mode="json")})
    else:
        show_written(path, f"{options.count} lines")
