"""A Keras file that crashes HDF5, or keeps it busy, is refused; the process that asked for it goes on."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("h5py")

from keras_files import Stored, image, write

from crnn_deploy.checkpoints.families.keras import isolated_reading
from crnn_deploy.checkpoints.families.keras.container import read_here
from crnn_deploy.checkpoints.families.keras.isolated_reading import read_keras
from crnn_deploy.checkpoints.families.keras.reading_process import DISK_IS_FULL
from crnn_deploy.errors import InputError


@pytest.fixture
def good(tmp_path: Path) -> Path:
    head = Stored("Dense", "out", {}, [np.arange(12.0).reshape(4, 3), np.float32(2.5)])
    return write(tmp_path / "m.keras", [image(9, 4, 1), Stored("Reshape", "ré", {"target_shape": [9, 4]}), head])


LIMITED = "from crnn_deploy.checkpoints.families.keras.reading_process import _limit; _limit(1000)"
CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
BUSY = f"import signal; {LIMITED}; signal.setitimer(signal.ITIMER_PROF, 0.1)\nwhile True: pass"
GREEDY = f"{LIMITED}\ntry: bytes(1 << 30)\nexcept MemoryError: {CRASH}"


def running(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the other process run this in place of what reads the file."""
    monkeypatch.setattr(isolated_reading, "package_command", lambda *_: [sys.executable, "-c", code])


def test_the_other_process_gives_what_is_in_the_file(good: Path, tmp_path: Path) -> None:
    here, there = read_here(good, tmp_path), read_keras(good)
    assert (here.model, here.version, here.weights.keys()) == (there.model, there.version, there.weights.keys())
    for one, other in zip(here.weights["out"], there.weights["out"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_refusal_comes_through(good: Path) -> None:
    good.write_bytes(good.read_bytes()[:-100])
    with pytest.raises(InputError, match="is not a complete Keras archive") as refusal:
        read_keras(good)
    assert refusal.value.fix.startswith("Fetch the file again")


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits of processes")
@pytest.mark.parametrize("code", [CRASH, BUSY, GREEDY], ids=["crash", "busy", "greedy"])
def test_what_ends_the_other_process_is_a_refusal(good: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    running(monkeypatch, code)
    with pytest.raises(InputError, match="the HDF5 library crashed, or took too much time"):
        read_keras(good)


def test_where_the_process_has_no_limits_it_is_ended_all_the_same(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(isolated_reading, "_LONGEST", 0.2)
    with pytest.raises(InputError, match="took too much time"):
        read_keras(good)


def test_other_ends_are_no_refusals(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch, f"raise SystemExit({DISK_IS_FULL})")
    with pytest.raises(InputError, match="No space left for temporary files"):
        read_keras(good)
    running(monkeypatch, "raise LookupError('of its own')")
    with pytest.raises(RuntimeError, match="of its own"):
        read_keras(good)


def test_without_h5py_the_extra_is_named(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError) as caught:
        read_keras(good)
    assert "crnn-deploy[keras]" in caught.value.fix
