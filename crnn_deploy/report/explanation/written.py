"""The verb `explain` with its page or picture."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from crnn_deploy.errors import InputError
from crnn_deploy.explaining.config import ExplainConfig
from crnn_deploy.explaining.drawing import draw, sheet
from crnn_deploy.explaining.explain import explain
from crnn_deploy.explaining.result import Explanation, Explanations
from crnn_deploy.files import check_free, replacing, write_text
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.report.explanation.page import Drawn, drawn, render_explanations
from crnn_deploy.report.html_page import require_jinja

MOST_IN_A_PICTURE = 50
"""Explanations in one .png, which is held in memory as a whole."""


def explain_with_page(config: ExplainConfig, progress: Progress = SILENT) -> Explanations:
    """Explain, and write the page or the picture to `config.output`, atomically.

    Raises:
        InputError: as `explain`, or if the output can't be written; that is checked first.
        GateError: as `explain`.
    """
    if config.output is None:
        return explain(config, progress)
    check_explanation_output(config)
    if config.output.suffix == ".png":
        pictures: list[Image.Image] = []
        explanations = explain(config, progress, lambda found, picture: pictures.append(draw(found, picture)))
        _write_picture(sheet(pictures), config)
        return explanations
    figures: list[Drawn] = []

    def keep(found: Explanation, picture: Image.Image) -> None:
        figures.append(drawn(found, picture))

    explanations = explain(config, progress, keep)
    write_text(config.output, render_explanations(explanations, figures), config.force)
    return explanations


def check_explanation_output(config: ExplainConfig) -> None:
    """Refuse an output that could not be written; called before the work.

    Raises:
        InputError: if it ends neither in `.html` nor in `.png`, exists and `force` is not set, is to be a picture of
            too many images, or if jinja2, which the page needs, is not installed.
    """
    path = config.output
    assert path is not None
    if path.suffix not in (".html", ".png"):
        raise InputError(f"The output {path} must end in .html or .png.", fix=f"-o {Path(path).with_suffix('.html')}")
    if path.suffix == ".png" and config.limit > MOST_IN_A_PICTURE:
        raise InputError(
            f"A picture shows at most {MOST_IN_A_PICTURE} images, and --limit allows {config.limit}.",
            fix="Write a page: -o page.html",
        )
    if path.suffix == ".html":
        require_jinja()
    check_free(path, config.force)


def _write_picture(picture: Image.Image, config: ExplainConfig) -> None:
    assert config.output is not None
    with replacing(config.output, config.force) as temporary:
        picture.save(temporary, "PNG", optimize=True)
