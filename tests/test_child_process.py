"""Children end with the process that started them, and so do theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crnn_deploy.child_process import child_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

# A child that starts another one, both busy without giving up Python's lock, tells both numbers, and waits.
PARENT_OF_ONE = """
import os, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(os.getpid(), grandchild.pid, flush=True)
while True: pass
"""
STARTER = f"""
import sys
from crnn_deploy.child_process import child_process
with child_process([sys.executable, "-c", {PARENT_OF_ONE!r}], {{}}) as process:
    print(process.stdout.readline(), end="", flush=True)
    for line in process.stdout:
        pass
"""


def running(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait as a zombie for its new parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ended(pids: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(map(running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(running, pids))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_killing_the_starter_ends_children_and_grandchildren(number: signal.Signals) -> None:
    # `nohup` starts programs with SIGHUP ignored, and children inherit that.
    heeding = f"import signal; signal.signal({int(number)}, signal.SIG_DFL)\n" if number != signal.SIGKILL else ""
    with subprocess.Popen([sys.executable, "-c", heeding + STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(word) for word in starter.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(running, pids))
        starter.send_signal(number)
    assert ended(pids)


def test_an_error_in_the_block_ends_them_too() -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with child_process([sys.executable, "-c", PARENT_OF_ONE], {}) as process:
            assert process.stdout is not None
            pids.extend(int(word) for word in process.stdout.readline().split())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(pids) == 2
    assert ended(pids)


def test_output_and_exit_code_come_through() -> None:
    code = "import os, sys; print(os.environ['COLOUR']); print('é', file=sys.stderr); sys.exit(3)"
    environment = {"COLOUR": "blue", "PYTHONIOENCODING": "utf-8"}
    with child_process([sys.executable, "-c", code], environment, errors_to_stdout=True) as process:
        assert process.stdout is not None
        assert sorted(process.stdout.read().split()) == ["blue", "é"]
    assert process.returncode == 3


def test_a_signal_that_ended_the_child_is_told_as_by_a_shell() -> None:
    with child_process([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"], {}) as process:
        pass
    assert process.returncode == 128 + 11


def test_a_command_that_does_not_exist_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with child_process(["no-such-command"], {}) as process:
        pass
    assert process.returncode == 127
    assert "no-such-command" in capfd.readouterr().err


def test_the_supervisor_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "subprocess.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    with child_process([sys.executable, "-I", "-c", ""], {"PYTHONPATH": os.curdir}) as process:
        pass
    assert process.returncode == 0
