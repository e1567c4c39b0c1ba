"""Every command and snippet of the documentation runs, and the reference says what the code says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest
import yaml
from editing import EditedPackage
from snippets import (
    BENCHMARKS,
    CONSOLE,
    LANGUAGES,
    PAGES,
    ROOT,
    Page,
    check_command,
    commands_of,
    read_page,
    recipe_path,
    run_command,
    shortened,
)
from stand_ins import make_files

from crnn_deploy import limits
from crnn_deploy.cli.app import VERBS
from crnn_deploy.cli.options import settings_of
from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin.nvcc import find_nvcc
from crnn_deploy.pipeline.recipe import load_recipe

ALL = [read_page(path) for path in PAGES]
DOCS = [page for page in ALL if page.path.is_relative_to(ROOT / "docs")]
ENGINES = "docs/guides/engines.md"


def name_of(page: Page) -> str:
    return page.path.relative_to(ROOT).as_posix()


def has(page: Page, *languages: str) -> bool:
    return any(block.language in languages for block in page.blocks)


RUN = [page for page in DOCS if has(page, "sh", "python") and not page.parsed_only and not has(page, "diff")]
EDITS = [page for page in DOCS if has(page, "diff")]
PARSED = [page for page in (*DOCS, *map(read_page, BENCHMARKS)) if page.parsed_only]


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_a_page_runs_from_top_to_bottom(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name_of(page) == ENGINES:
        require_engine_tools()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))  # not the user's
    make_files(page.needs, tmp_path)
    for block in page.blocks:
        where = f"{name_of(page)}:{block.line}"
        if block.title:
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            for words in commands_of(block.text):
                run_command(words, where)
        elif block.language == "python":
            exec(compile(block.text, where, "exec"), {"__name__": "__main__"})


def require_engine_tools() -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed")
    try:
        find_nvcc()
    except InputError as error:
        pytest.skip(error.what)


@pytest.mark.parametrize("page", PARSED, ids=name_of)
def test_commands_that_take_long_are_spelled_right(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert page.commands()
    for words in page.commands():
        if words[0].startswith("PYTHONPATH="):
            words.pop(0)
        if words[0] == "crnn-deploy":
            check_command(words)
            continue
        assert words[0] == "python", words
        script = (ROOT / words[1]).read_text(encoding="utf-8")
        for option in (word for word in words if re.match("--?[a-z]", word)):
            assert f'"{option}"' in script, f"{words[1]} has no {option}"


@pytest.mark.parametrize("page", EDITS, ids=name_of)
def test_an_extension_works_as_it_is_written(page: Page, tmp_path: Path) -> None:
    package = EditedPackage(tmp_path)
    make_files(page.needs, tmp_path)
    steps: list[list[str]] = []
    for block in page.blocks:
        if block.language == "diff":
            package.apply(block.title, block.text)
        elif block.title:
            package.write(block.title, block.text)
        elif block.language == "sh":
            steps += [shortened(words) for words in commands_of(block.text)]
        elif block.language == "python":
            steps.append(["python", block.text])
    assert len(steps) >= 2
    done = package.run(steps)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_blocks_are_of_known_kinds(page: Page) -> None:
    for block in page.blocks:
        where = f"{name_of(page)}:{block.line}"
        assert block.language in LANGUAGES, where
        if block.language == "console":
            for words in commands_of(block.text):
                assert CONSOLE.match(shlex.join(words)), f"{where}: {words} can be run: use sh"
        if block.language == "yaml" and not block.title:
            check_part_of_recipe(block.text)


def check_part_of_recipe(text: str) -> None:
    """Load the quickstart with the keys of `text` in place of its own."""
    settings = [f"{key}={json.dumps(value)}" for key, value in yaml.safe_load(text).items()]
    assert load_recipe(recipe_path("quickstart"), tuple(settings)).name


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_code_that_a_page_names_exists(page: Page) -> None:
    """Paths of the repository in backticks, such as `crnn_deploy/spec.py`; `{a,b}` and `*` are not paths."""
    text = page.path.read_text(encoding="utf-8")
    written = {block.title for block in page.blocks}
    for path in re.findall(r"`((?:crnn_deploy|tests|recipes|benchmarks|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists() or path in written, f"{name_of(page)} names {path}"


def test_lines_of_pages_are_not_long() -> None:
    for page in ALL:
        for number, row in enumerate(page.path.read_text(encoding="utf-8").splitlines(), 1):
            assert len(row) <= 120 or row.startswith(("|", "![")), f"{name_of(page)}:{number}"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The MkDocs hook that makes the reference."""
    pytest.importorskip("mkdocs")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "hooks"))
    import reference

    return reference


def test_the_reference_has_every_verb_and_every_option(hook: ModuleType) -> None:
    for name, verb in VERBS.items():
        section = hook.verb_section(name, verb)
        config = get_type_hints(verb).get("config")
        for setting in settings_of(config) if config else ():
            assert f"`{setting.spelling}`" in section, (name, setting.spelling)
        assert f"crnn-deploy {name}" in section
        assert "Undefined" not in section


def test_the_schema_takes_the_recipes_that_are_shipped(hook: ModuleType) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = hook.recipe_schema()
    for path in sorted((ROOT / "recipes").glob("*.yaml")):
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)


def test_the_picture_shows_every_room(hook: ModuleType) -> None:
    import rooms_picture
    from test_architecture import FLOORS

    assert rooms_picture.floors() == list(FLOORS)
    picture = hook.draw_rooms()
    for room in (room for floor in FLOORS for room in floor):
        assert re.search(rf">{room}(/|\.py)<", picture), room


def test_every_limit_is_on_its_page(hook: ModuleType) -> None:
    page = hook.limits_tables()
    constants = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert len(constants) > 10
    for name, value in constants.items():
        assert f"| `{name}` | {value:,} | " in page, name


def test_the_glossary_defines_words_of_the_recipe() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(\*\*.+)\n:   ", text, re.MULTILINE)
    defined = {word for entry in entries for word in re.findall(r"\*\*(.+?)\*\*", entry)}
    assert {"baseline", "teacher", "student", "parent", "variant", "error", "rise", "gate", "budget", "plan"} <= defined
