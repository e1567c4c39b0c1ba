"""Named sets of fonts stand for their families, all of which can be installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crnn_deploy.data.rendering.font_sets import FONT_SETS, expand_font_sets
from crnn_deploy.data.rendering.options import RenderOptions


def test_a_set_is_expanded_where_it_stands() -> None:
    assert expand_font_sets(("Exo 2", "documents", "a.ttf")) == ("Exo 2", *FONT_SETS["documents"], "a.ttf")
    assert expand_font_sets(()) == ()


def test_options_hold_the_families() -> None:
    options = RenderOptions(count=1, fonts=("print",))
    assert options.fonts == FONT_SETS["print"]
    assert RenderOptions.model_validate(options.model_dump()) == options


def test_no_family_stands_twice_or_is_a_set_itself() -> None:
    for families in FONT_SETS.values():
        assert len(set(families)) == len(families)
        assert not set(families) & FONT_SETS.keys()


@pytest.mark.parametrize(("name", "extras"), [("print", ("examples", "fonts")), ("documents", ("examples",))])
def test_the_extras_install_the_families(name: str, extras: tuple[str, ...]) -> None:
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    lists = [re.search(rf"^{extra} = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE) for extra in extras]
    packages = {package for section in lists if section for package in re.findall(r'"(fontpkg-[\w-]+)"', section[1])}
    assert {f"fontpkg-{family.lower().replace(' ', '-')}" for family in FONT_SETS[name]} <= packages
