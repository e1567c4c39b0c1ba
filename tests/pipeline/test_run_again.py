"""A run that is started again: what it takes from its cache, and what an interruption leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline.runs import TINY, StopAfter, artifacts, stages

from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.run import run
from crnn_deploy.training import loop

pytestmark = pytest.mark.usefixtures("fast_enough")
WriteRecipe = Callable[..., Path]


def test_only_what_depends_on_a_change_runs_again(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    recipe, out = write_recipe(), tmp_path / "out"
    run(RunConfig(recipe=recipe, out=out))
    assert not any(stages(out).values())
    (out / "teacher.onnx").write_text("of version 0.1, which would contradict the report")
    run(RunConfig(recipe=recipe, out=out))
    assert all(stages(out).values())
    assert not (out / "teacher.onnx").exists()
    run(RunConfig(recipe=recipe, out=out, settings=("benchmark.rounds=4",)))
    assert [name for name, cached in stages(out).items() if not cached] == ["benchmark"]
    run(RunConfig(recipe=recipe, out=out, settings=("quantize.samples=9",)))
    assert [name for name, cached in stages(out).items() if not cached] == [
        "quantize", "evaluate-student-int8", "benchmark"
    ]  # fmt: skip


def test_interrupted_anywhere_it_ends_in_the_same_artifacts(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    recipe = write_recipe()
    run(RunConfig(recipe=recipe, out=tmp_path / "whole"))
    config = RunConfig(recipe=recipe, out=tmp_path / "broken")
    interruptions = 0
    for steps in range(0, 300, 9):
        try:
            run(config, StopAfter(steps))
        except KeyboardInterrupt:
            interruptions += 1
        else:
            break
    else:
        pytest.fail("the run never came to its end")
    assert interruptions > 8
    assert artifacts(tmp_path / "broken") == artifacts(tmp_path / "whole")


def test_killed_and_started_again(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    recipe = write_recipe(distill={**TINY, "epochs": 40})
    command = [sys.executable, "-m", "crnn_deploy", "run", str(recipe), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not list((tmp_path / "out" / "stages").glob("distill-*/*.training/key")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list((tmp_path / "out").glob("student*"))
    run(RunConfig(recipe=recipe, out=tmp_path / "out"))
    run(RunConfig(recipe=recipe, out=tmp_path / "whole"))
    assert artifacts(tmp_path / "out") == artifacts(tmp_path / "whole")
