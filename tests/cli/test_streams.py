"""stdout and stderr of any encoding, closed or full; signals; memory."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy import zoo
from crnn_deploy.cli import failures
from crnn_deploy.cli.failures import _explained

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")

READER = zoo.READER.with_suffix("").with_suffix(".safetensors")
COMMAND = [sys.executable, "-m", "crnn_deploy"]
MISSING = ("inspect", "missing.onnx")


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([*COMMAND, *arguments], timeout=120, check=False, **streams)


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", line, *COMMAND], capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_marks_become_ascii_where_the_encoding_lacks_them(variables: dict[str, str]) -> None:
    done = run(*MISSING, env={**os.environ, **variables})
    assert done.returncode == 2
    assert done.stderr == b"x missing.onnx does not exist.\n-> Check the path.\n"


def test_other_characters_are_escaped_where_the_encoding_lacks_them() -> None:
    done = run("inspect", "漢.onnx", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, rb"x \u6f22.onnx does not exist.")


@pytest.mark.parametrize("arguments", ["--help", "predict --help", "--version", f"inspect {READER} --json"])
def test_a_reader_that_leaves_early_is_no_error(arguments: str) -> None:
    done = shell(f'"$0" "$@" {arguments} | true; echo ${{PIPESTATUS[0]}}')
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_the_exit_code_stays_where_stderr_takes_nothing(stream: str) -> None:
    assert shell(f'"$0" "$@" {" ".join(MISSING)} {stream}').returncode == 2


def test_closed_streams_are_no_error() -> None:
    done = shell('"$0" "$@" --version >&-')
    assert (done.returncode, done.stderr) == (0, "")
    assert shell('"$0" "$@" --version <&- >&- 2>&-').returncode == 0


@pytest.mark.parametrize("arguments", ["--version", "--help", f"inspect {READER} --json"])
def test_a_full_disk_behind_stdout_is_told(arguments: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(*arguments.split(), stdout=full)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("✗ No space left to write the results.\n→ ")
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_interrupt_whatever_is_loaded_by_then(number: signal.Signals) -> None:
    code = "import sys; sys.argv[1:] = ['doctor']\nimport crnn_deploy.api as api, time\n"
    code += "def wait():\n    print('now', file=sys.stderr, flush=True)\n    time.sleep(60)\napi.doctor = wait\n"
    code += "from crnn_deploy.__main__ import main\nmain()"
    # A shell starts background jobs with SIGINT ignored, and children inherit that.
    heeding = f"import signal; signal.signal({int(number)}, signal.SIG_DFL)\nimport os, sys\n"
    heeding += "os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
    command = [sys.executable, "-c", heeding, code]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "now\n"
        process.send_signal(number)
        errors = process.stderr.read()
    assert process.returncode == 130
    assert errors.startswith("✗ Interrupted.\n→ ")
    assert "Traceback" not in errors


def test_ctrl_c_while_modules_are_imported_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    done = run(*MISSING, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (130, b"Interrupted.\n")


def test_what_the_package_requires_and_is_not_there_is_one_line() -> None:
    program = "import sys; sys.modules['typer'] = None; from crnn_deploy.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("The Python package typer is not installed.")
    assert done.stderr.count("\n") == 1


def test_too_little_memory_is_one_block() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (60 << 20, 60 << 20))

    done = run("doctor", preexec_fn=limit)
    assert done.returncode == 2, done.stderr
    assert b"memory" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("std::bad_alloc"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("can't start new thread"),
        OSError(12, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
)
def test_every_way_to_say_it_is_known(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert _explained(error, debug=False) == 2
    assert "There is not enough memory." in capsys.readouterr().err


@pytest.mark.parametrize("number", [13, 21, 20, 30, 36, 40, 5, 24])
def test_what_the_system_refuses_names_the_file(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert _explained(OSError(number, os.strerror(number), "model.onnx"), debug=False) == 2
    assert capsys.readouterr().err.startswith(f"✗ model.onnx cannot be used: {os.strerror(number)}.\n")


def test_errors_without_a_number_of_the_system_stay_bugs(capsys: pytest.CaptureFixture[str]) -> None:
    assert _explained(OSError("odd"), debug=False) == failures.BUG
    assert "This is a bug" in capsys.readouterr().err
