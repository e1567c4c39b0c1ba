"""Speed of networks and of recurrent layers that run in turns: ratios within one process, one thread, batch 1."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bench_qgru import Setting, inputs, layer, ours, session
from networks import Made, Network, made

from crnn_deploy.benchmark.timing import Act, InterleavedTimer
from crnn_deploy.benchmark.undisturbed import UndisturbedTime, speedup_between, undisturbed
from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.runtime.opening import open_session

Times = Mapping[str, UndisturbedTime]

GREY = {"size": 28, "colours": "L", "classes": 10}
GROUPS: dict[str, tuple[Network, ...]] = {
    "ResNet-18 at 32 pixels": tuple(Network(name, name, 32) for name in ("resnet18", "resnet18-gru", "resnet18-lstm")),
    "ResNet-18 at 224 pixels": tuple(
        Network(name, name, 224) for name in ("resnet18", "resnet18-gru", "resnet18-lstm")
    ),
    "CNN at 32 pixels": (
        Network("cnn-gru", "cnn-gru", 32),
        Network("its-lstm", "cnn-lstm:channels=64,hidden=256", 32),
    ),
    "CNN at 28 pixels": (
        Network("its-gru", "cnn-gru:channels=32,hidden=128", **GREY),
        Network("cnn-lstm", "cnn-lstm", **GREY),
    ),
    "Rows as steps at 32 pixels": (Network("pixel-gru-rows", "pixel-gru", 32),),
    "Pixels as steps at 32 pixels": (Network("pixel-gru-pixels", "pixel-gru:steps=pixels,hidden=64", 32),),
}
"""Networks that run in turns with each other."""
LAYERS = ((16, 512, 256), (49, 512, 256), (7, 448, 128))
"""Steps, channels and units of layers that are timed alone."""
ROUNDS, WARMUP = 1000, 3
_LARGE = 96  # pixels from which a run is so slow that fewer images have to do


def of_networks(sources: Mapping[str, str], samples: int, seconds: float, folder: Path) -> dict[str, dict[str, Any]]:
    """Group → network → its facts, its times in FP32 and INT8, and the ratios of times in the group."""
    found = {}
    for group, networks in GROUPS.items():
        print(f"{group}: {', '.join(network.name for network in networks)}", file=sys.stderr)
        few = max(8, samples // 4)
        files = {
            network.name: made(network, sources[network.colours], few if network.size >= _LARGE else samples, folder)
            for network in networks
        }
        found[group] = {
            "networks": {network.name: {**asdict(network), **files[network.name].facts} for network in networks},
            **compared(acts_of(files, sources[networks[0].colours]), seconds),
        }
    return found


def of_layers(seconds: float) -> dict[str, dict[str, Any]]:
    """The same of layers alone, in both directions."""
    found = {}
    for steps, channels, hidden in LAYERS:
        acts: dict[str, Act] = {}
        for cell in ("GRU", "LSTM"):
            setting = Setting(cell, hidden, channels, batch=1, steps=steps, threads=1)
            fed, fp32 = {"X": inputs(setting)}, layer(setting)
            for name, model in ((f"{cell} fp32", fp32), (f"{cell} int8", ours(fp32))):
                acts[name] = partial(session(model, 1).run, None, fed)
        found[f"{steps} steps, {channels} channels, {hidden} units"] = compared(acts, seconds)
    return found


def acts_of(files: Mapping[str, Made], data: str) -> dict[str, Act]:
    """A run of each file on the same picture."""
    acts: dict[str, Act] = {}
    for name, both in files.items():
        for precision, artifact in (("fp32", both.fp32), ("int8", both.int8)):
            picture = next(iter(NetworkInputs(sample(open_source(data), 1, seed=0), artifact.spec.preprocessing)))
            acts[f"{name} {precision}"] = partial(open_session(artifact, 1).run, picture)
    return acts


def compared(acts: Mapping[str, Act], seconds: float) -> dict[str, Any]:
    """Undisturbed times, and each ratio of two: `[slow / fast, low, high]` under `fast` and then `slow`."""
    rounds = InterleavedTimer(ROUNDS, seconds, WARMUP).time_until_known([*acts.values()], ["cpu"] * len(acts))
    times = {name: undisturbed(each, "cpu") for name, each in zip(acts, rounds, strict=True)}
    return {
        "rounds": len(rounds[0].wall),
        "times": {name: time.model_dump(exclude={"parts_ms", "clock"}) for name, time in times.items()},
        "ratios": {fast: {slow: ratio(times, fast, slow) for slow in times if slow != fast} for fast in times},
    }


def ratio(times: Times, fast: str, slow: str) -> list[float]:
    speedup = speedup_between(times[fast], times[slow])
    return [speedup.ratio, speedup.low, speedup.high]


def noise(groups: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How busy the machine was: the most that any time was disturbed."""
    times = [time for group in groups for time in group["times"].values()]
    return {
        "interrupted": float(np.median([time["interrupted"] for time in times])),
        "most_interrupted": max(time["interrupted"] for time in times),
        "spread": float(np.median([time["spread"] or 0.0 for time in times])),
        "most_spread": max(time["spread"] or 0.0 for time in times),
    }
