"""More training images of a recipe: rendered, joined of those of `train`, or a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from crnn_deploy.errors import InputError
from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.pipeline.sources import RunSources, open_sources
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import SILENT

WORDS = "TOTAL 12.50\nGST 6%\nCASH\nCHANGE 0.35\nINVOICE NO 8731\nTHANK YOU\n"


def lines(folder: Path, count: int, seed: int) -> dict[str, Any]:
    (folder / "words.txt").write_text(WORDS)
    return {"render": {"count": count, "seed": seed, "text": str(folder / "words.txt"), "degradation": 0.2}}


def opened(folder: Path, recipe: dict[str, Any], extra: Any) -> tuple[RunSources, StageCache]:
    sources = {"train": lines(folder, 30, 1), "evaluation": lines(folder, 8, 2), "extra": extra}
    cache = StageCache(folder / "stages", SILENT)
    return open_sources(Recipe.model_validate({**recipe, "sources": sources}), cache, SILENT), cache


def test_several_kinds_beside_each_other(tmp_path: Path, recipe_data: dict[str, Any]) -> None:
    wanted = [lines(tmp_path, 5, 3), {"join": {"count": 7}}]
    sources, cache = opened(tmp_path, recipe_data, wanted)
    assert [len(each.source) for each in sources.extra] == [5, 7]
    assert set(sources.extra[1].source.texts(range(7))) - set(WORDS.splitlines())
    images = sources.training_images(tmp_path / "out.safetensors")
    assert images.extra == tuple(each.location for each in sources.extra)
    assert [record.stage for record in cache.records].count("join") == 1

    again, stored = opened(tmp_path, recipe_data, wanted)
    assert [each.fingerprint for each in again.extra] == [each.fingerprint for each in sources.extra]
    assert all(record.cached for record in stored.records)


def test_one_entry_needs_no_list(tmp_path: Path, recipe_data: dict[str, Any]) -> None:
    sources, _ = opened(tmp_path, recipe_data, lines(tmp_path, 5, 3))
    assert [len(each.source) for each in sources.extra] == [5]
    plain, _ = opened(tmp_path, recipe_data, sources.extra[0].location)
    assert plain.extra[0].fingerprint == sources.extra[0].fingerprint
    assert opened(tmp_path, recipe_data, None)[0].extra == ()


def test_other_lines_of_train_are_joined_again(tmp_path: Path, recipe_data: dict[str, Any]) -> None:
    first, _ = opened(tmp_path, recipe_data, {"join": {"count": 4}})
    more, cache = opened(tmp_path, recipe_data, {"join": {"count": 4, "seed": 1}})
    assert first.extra[0].fingerprint != more.extra[0].fingerprint
    assert not next(record for record in cache.records if record.stage == "join").cached


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"extra": {"join": {"count": 4}, "path": "x.tar"}}, "path, or `render` or `join`"),
        ({"extra": {}}, "path, or `render` or `join`"),
        ({"extra": {"join": {"count": 0}}}, "count"),
        ({"train": {"join": {"count": 4}}}, "join"),
    ],
)
def test_what_no_source_can_be(
    tmp_path: Path, recipe_data: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    sources = {"train": lines(tmp_path, 30, 1), "evaluation": lines(tmp_path, 8, 2), **changed}
    text = yaml.safe_dump({**recipe_data, "sources": sources})
    with pytest.raises((InputError, ValueError), match=message):
        Recipe.model_validate(yaml.safe_load(text))
