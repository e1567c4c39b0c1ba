"""Kill shortened runs at random moments and fill their disks: what they finish must be as if nothing had happened.

    python benchmarks/kills.py --kills 100 --full-disks 20 -o benchmarks/results/kills.json

An episode is a run that is killed some times (SIGKILL to its main process alone) or whose disk is full, and is then
run to its end. After each kill no process of it may live on; at the end the artifacts must be those of an undisturbed
run, and no other files may be there. A full disk must end the run with exit code 2 and one block of words.

All artifacts are compared byte for byte but engines, in which TensorRT's own bytes vary from build to build: of these,
the graph that they were built from and the spec are compared. Reports hold times and are not compared. The clock that
decides which layers of `student.int8.onnx` run in INT8 is replaced, as it tells something else each time.

Full disks need a file system of their own, and so root on Linux.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from interrupted_runs.disk import small_disk
from interrupted_runs.episode import Episode, Finished, Outcome

DISK = 1 << 29  # bytes; far more than a run needs
MOST_KILLS = 5  # in one episode


@dataclass
class Results:
    """What happened; `problems` is empty if all is well."""

    seed: int
    undisturbed_seconds: float
    artifacts: dict[str, str]
    engines: bool
    kills: int = 0
    full_disks: int = 0
    episodes: int = 0
    killed_in: dict[str, int] = field(default_factory=dict)
    told_on_full_disk: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--full-disks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = study(Path(folder), options.kills, options.full_disks, options.seed, options.output)
    for problem in results.problems:
        print(problem)
    print(f"{results.kills} kills, {results.full_disks} full disks, {len(results.problems)} problems")
    sys.exit(bool(results.problems))


def study(folder: Path, kills: int, full_disks: int, seed: int, output: Path | None = None) -> Results:
    """An undisturbed run, then episodes until there were so many kills and full disks."""
    random_moments = random.Random(seed)
    reference = Episode(folder / "reference")
    undisturbed = reference.finish()
    if undisturbed.problems:
        sys.exit("\n".join(("The undisturbed run fails:", *undisturbed.problems)))
    results = Results(
        seed=seed,
        undisturbed_seconds=round(undisturbed.seconds, 1),
        artifacts=undisturbed.artifacts,
        engines=any(name.endswith(".engine") for name in undisturbed.artifacts),
    )
    while results.kills < kills:
        episode = Episode(folder / f"kills-{results.episodes}", plugin=_some_plugin(random_moments, reference))
        count = min(random_moments.randint(1, MOST_KILLS), kills - results.kills)
        _kill(episode, count, undisturbed.seconds, random_moments, results)
        _conclude(episode, undisturbed, results, output)
    while results.full_disks < full_disks:
        with small_disk(folder / f"disk-{results.episodes}", DISK) as disk:
            episode = Episode(disk / f"full-{results.episodes}", plugin=reference.plugin)
            _fill(episode, disk, random_moments.randrange(reference.needed_bytes), results)
            _conclude(episode, undisturbed, results, output)
    return results


def _some_plugin(moments: random.Random, reference: Episode) -> Path | None:
    """Mostly the compiled plugin; without it, nvcc and its children are killed too."""
    return reference.plugin if moments.random() < 0.75 else None


def _kill(episode: Episode, count: int, seconds: float, moments: random.Random, results: Results) -> None:
    for _ in range(count):
        outcome = episode.kill_after(seconds * moments.random() ** 2)  # what is left to do gets less
        if outcome.finished:
            return
        results.kills += 1
        results.killed_in[outcome.last_words] = results.killed_in.get(outcome.last_words, 0) + 1
        results.problems += [f"{episode.name}: {problem}" for problem in outcome.problems]


def _fill(episode: Episode, disk: Path, free: int, results: Results) -> None:
    """Run with so many free bytes, which may do for the whole run."""
    outcome: Outcome = episode.run_with_free_space(disk, free)
    if outcome.finished:
        return
    results.full_disks += 1
    results.told_on_full_disk[outcome.last_words] = results.told_on_full_disk.get(outcome.last_words, 0) + 1
    results.problems += [f"{episode.name}, {free} bytes free: {problem}" for problem in outcome.problems]


def _conclude(episode: Episode, undisturbed: Finished, results: Results, output: Path | None) -> None:
    finished = episode.finish()
    results.episodes += 1
    results.problems += [
        f"{episode.name}: {problem}" for problem in (*finished.problems, *finished.differs(undisturbed))
    ]
    episode.remove()
    if output is not None:
        output.write_text(json.dumps(asdict(results), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        f"{episode.name}: {results.kills} kills, {results.full_disks} full disks, {len(results.problems)} problems",
        flush=True,
    )


if __name__ == "__main__":
    main()
