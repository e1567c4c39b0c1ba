"""Ray's workers read what one process reads, survive a kill, and leave nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labelling.conftest import contents, rows, write_shards

from crnn_deploy.zoo import READER

pytest.importorskip("ray", reason="the extra ray is not installed")

# It labels an archive with Ray's workers, of which it kills one at its second shard; then it predicts with Ray.
SCRIPT = """
import json, os, signal, subprocess, sys
from crnn_deploy.api import LabelConfig, PredictConfig, label, predict
from crnn_deploy.progress import Silent

class Killer(Silent):
    def track(self, items, description, total, done=0):
        for number, item in enumerate(items):
            if number == 1:
                told = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout
                rows = [line.split(None, 2) for line in told.splitlines()]
                raylet = next(pid for pid, parent, args in rows if parent == str(os.getpid()) and "raylet" in args)
                worker = next(pid for pid, parent, args in rows if parent == raylet and args.startswith("ray::Worker"))
                os.kill(int(worker), signal.SIGKILL)
            yield item

model, ray = sys.argv[1], {"engine": "ray", "workers": 2}
config = LabelConfig(model=model, sources=("archive",), output="by-ray", keep_images=True, **ray)
labelled = label(config, Killer())
read = predict(PredictConfig(model=model, images=("archive",), batch_size=1, **ray))
print(json.dumps([labelled.shards_read, labelled.images, [[r.path, r.text, r.confidence] for r in read.readings]]))
"""


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder of temporary files whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        yield Path(folder)


def test_two_workers_of_ray_read_as_one_process_does(labelled, lines, short: Path) -> None:
    write_shards(Path("archive"), [lines * 3] * 6)
    labelled(output="by-one", keep_images=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(READER)],
        env={**os.environ, "TMPDIR": str(short), "HOME": str(short), "RAY_ADDRESS": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    read, images, predicted = json.loads(done.stdout.splitlines()[-1])
    assert (read, images) == (6, 216)
    assert contents("by-ray") == contents("by-one")
    assert [text for _, text, _ in predicted] == [row["text"] for row in rows("by-one")]
    assert [path for path, _, _ in predicted[:2]] == ["archive/row-000000000", "archive/row-000000001"]
    assert not list(short.glob("crnn-deploy-*"))
    assert processes_in(short) == []


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes that name a folder, once they have had the time to end."""
    for _ in range(100):
        told = subprocess.run(["ps", "-ww", "-eo", "args="], check=True, stdout=subprocess.PIPE, text=True).stdout
        found = [line for line in told.splitlines() if str(folder) in line]
        if not found:
            break
        time.sleep(0.1)
    return found
