"""The JSON beside a TensorRT engine, and the plan itself, which nothing but TensorRT reads."""

from __future__ import annotations

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_json
from fuzz.small_models import engine_files, labelled_folder

COMMANDS = {
    "inspect line.engine": 4,
    "inspect line.engine --json": 2,
    "predict set/images --model line.engine": 1,
    "evaluate line.engine --data set": 1,
    "benchmark line.engine --rounds 2": 1,
}


def seeds() -> list[Seed]:
    files = {**engine_files(), **labelled_folder()}
    return [Seed(files, name, COMMANDS) for name in ("line.engine.json", "line.engine.json", "line.engine")]


FORMAT = Format("engines", seeds, mutate_json)
