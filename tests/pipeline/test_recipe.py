"""Recipes: variables, settings, and errors that help."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.errors import InputError
from crnn_deploy.pipeline.recipe import load_recipe

RECIPE = """
name: tiny
title: A tiny run
variables: {data: lines, none: null}
baseline: {checkpoint: teacher.pth}
sources: {train: "${data}/train.tar", evaluation: "${data}/val.tar"}
distill: {epochs: 2}
budget: {max_error: 0.5}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(RECIPE)
    return file


def test_variables_fill_in(path: Path) -> None:
    assert load_recipe(path).sources.train.path == "lines/train.tar"


def test_settings_reach_variables_and_options(path: Path) -> None:
    settings = ("data=else where", "distill.epochs=7", "benchmark.threads=[1, 2]", "quantize.samples=9")
    recipe = load_recipe(path, settings)
    assert recipe.sources.evaluation.path == "else where/val.tar"
    assert recipe.distill.epochs == 7
    assert recipe.benchmark.threads == (1, 2)
    assert recipe.quantize.samples == 9


def test_engines_take_all_that_build_engine_does(path: Path) -> None:
    assert load_recipe(path).engines is None
    settings = ("engines.precisions=[fp16, int8]", "engines.targets=[sm89, sm75]", "engines.buckets=3")
    engines = load_recipe(path, settings).engines
    assert engines is not None
    assert not engines.required
    made = [engines.options(precision) for precision in engines.precisions]
    assert [(each.precision, each.targets, each.buckets) for each in made] == [
        ("fp16", ("sm75", "sm89"), 3),
        ("int8", ("sm75", "sm89"), 3),
    ]
    assert "precision" not in engines.model_dump()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("engines.precision=fp16", "did you mean 'precisions'"),
        ("engines.precisions=[fp16, fp16]", "named twice"),
        ("engines.precisions=[]", "engines.precisions"),
        ("engines.precisions=[fp8]", "engines.precisions"),
        ("engines.targets=[ada]", "no GPU architecture"),
        ("engines.target=[sm89]", "did you mean 'targets'"),
    ],
)
def test_engines_that_cannot_be_meant_are_refused(path: Path, setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe(path, (setting,))


def test_a_misspelt_key_is_refused_with_the_right_one(path: Path) -> None:
    path.write_text(RECIPE.replace("epochs", "epochz"))
    with pytest.raises(InputError, match=r"distill\.epochz.*did you mean 'epochs'"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("teacher.checkpoint=t.pth", "'teacher' is now 'baseline'"),
        ("tutors=[{checkpoint: t.pth}]", "'tutors' is now 'teachers'"),
        ("budget.max_rise=0.1", "'budget.max_rise' is now 'budget.max_error_rise'"),
        (
            "budget.max_quantization_rise=0.1",
            "'budget.max_quantization_rise' is now 'budget.max_error_rise_over_parent'",
        ),
    ],
)
def test_an_old_key_is_refused_with_its_new_name(path: Path, setting: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe(path, (setting,))
    assert caught.value.cause == f"  · {hint}"


def test_the_old_key_alone_is_not_called_missing(path: Path) -> None:
    path.write_text(RECIPE.replace("baseline:", "teacher:"))
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert caught.value.cause == "  · 'teacher' is now 'baseline'"


def test_max_drop_is_refused_with_the_new_unit(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe(path, ("quantize.max_drop=0.5",))
    assert caught.value.cause == (
        "  · 'quantize.max_drop' is now 'quantize.max_error_rise', a fraction: 0.5 points are 0.005"
    )


def test_a_misspelt_setting_is_refused_too(path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'benchmark'"):
        load_recipe(path, ("benchmrk.rounds=3",))


def test_a_variable_needs_no_declaration_if_it_is_used(path: Path) -> None:
    path.write_text(RECIPE.replace("{data: lines, none: null}", "{}"))
    assert load_recipe(path, ("data=here",)).sources.train.path == "here/train.tar"
    with pytest.raises(InputError, match="unknown key 'dta'"):
        load_recipe(path, ("data=here", "dta=there"))


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ("{train: {render: {count: 3, sed: 1}}, evaluation: b}", r"sources\.train\.render\.sed': did you mean 'seed'"),
        ("{train: {}, evaluation: b}", r"sources\.train': give a path, or `render`"),
        ("{train: 3, evaluation: b}", r"sources\.train'"),
    ],
)
def test_sources_are_paths_or_rendered(path: Path, sources: str, message: str) -> None:
    path.write_text(RECIPE.replace('{train: "${data}/train.tar", evaluation: "${data}/val.tar"}', sources))
    with pytest.raises(InputError, match=message):
        load_recipe(path)


def test_values_out_of_range_name_their_key(path: Path) -> None:
    with pytest.raises(InputError, match=r"distill\.epochs"):
        load_recipe(path, ("distill.epochs=0",))


def test_an_undefined_variable_says_how_to_define_it(path: Path) -> None:
    path.write_text(RECIPE.replace("${data}/val", "${none}/val"))
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert "--set none=VALUE" in caught.value.fix


@pytest.mark.parametrize("setting", ["distill.epochs", "=3", "title.sub=3", "distill.epochs=[1"])
def test_settings_that_are_none(path: Path, setting: str) -> None:
    with pytest.raises(InputError):
        load_recipe(path, (setting,))


@given(st.text(max_size=80))
def test_noise_is_an_input_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("recipes") / "any.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        load_recipe(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ("{}", "give a checkpoint, or `train` with its options"),
        ("{checkpoint: t.pth, train: {epochs: 1}}", "give a checkpoint, or `train` with its options"),
        ("{train: {epochs: 1}, module: 'm.py:M'}", "module and spec belong to a checkpoint"),
        ("{train: {epochs: 1, teachers: [a.onnx]}}", "teachers"),
    ],
)
def test_a_baseline_is_a_checkpoint_or_a_training(path: Path, baseline: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe(path, (f"baseline={baseline}",))


def test_a_training_has_the_options_of_its_verb(path: Path) -> None:
    recipe = load_recipe(path, ("baseline={train: {model: 'cnn-gru:hidden=8', batch_size: 7}}",))
    assert recipe.baseline.train is not None
    assert (recipe.baseline.train.model.family, recipe.baseline.train.batch_size) == ("cnn-gru", 7)


@pytest.fixture
def with_list(tmp_path: Path) -> Path:
    file = tmp_path / "list.yaml"
    file.write_text(RECIPE.replace('/val.tar"}', '/val.tar", extra: [a.tar, {join: {count: 5}}]}'))
    return file


def test_an_entry_of_a_list_is_set_by_its_number(with_list: Path) -> None:
    changed = load_recipe(with_list, ["sources.extra.1.join.count=7"])
    assert changed.sources.extra[0].path == "a.tar"
    assert changed.sources.extra[1].join is not None
    assert changed.sources.extra[1].join.count == 7


@pytest.mark.parametrize("key", ["sources.extra.2.path", "sources.extra.x.path", "sources.extra.path"])
def test_an_entry_that_a_list_does_not_have(with_list: Path, key: str) -> None:
    with pytest.raises(InputError, match=r"no keys below it|is a list"):
        load_recipe(with_list, [f"{key}=b.tar"])
