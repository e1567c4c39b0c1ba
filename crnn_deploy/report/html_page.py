"""The frame of all pages: one self-contained HTML file with a headline, tiles, tables and plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible


@dataclass(frozen=True)
class Tile:
    """One main figure, and a figure to compare it with."""

    label: str
    value: str
    context: str = ""


def require_extra() -> None:
    """Raise `InputError` if jinja2 or matplotlib is not installed. Call it before drawing plots."""
    _require("jinja2", "matplotlib")


def require_jinja() -> None:
    """Raise `InputError` if jinja2 is not installed, for pages without plots."""
    _require("jinja2")


def _require(*names: str) -> None:
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise InputError(
            f"The HTML report needs {' and '.join(missing)}.",
            "They belong to the optional extra 'report', which is not installed.",
            "pip install 'crnn-deploy[report]'",
        )


def render_page(template: str, content: Mapping[str, Any], plots: Mapping[str, str | None]) -> str:
    """Fill a template. `plots` are our own SVG by name; all else is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    # Names, paths and readings come from recipes and models.
    environment = Environment(
        loader=PackageLoader("crnn_deploy.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    drawn = {name: Markup(svg or "") for name, svg in plots.items()}
    return environment.get_template(template).render(content, plots=drawn)


def _shown(value: Any) -> Any:
    """What a template prints: our own SVG as it is, names without characters that act."""
    return visible(value) if type(value) is str else value
