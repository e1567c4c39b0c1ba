"""Child processes that end with this one, together with all that they start.

Between both stands a supervisor: a small process that leads a process group of its own. This process keeps the stdin of
the supervisor open. Its end means that this process has ended, even if it was killed: the supervisor then kills its
group. A child that is busy could not do that itself.

The supervisor is this file, run without any package.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence


@contextlib.contextmanager
def child_process(
    command: Sequence[str], environment: Mapping[str, str], errors_to_stdout: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """Start a command with an empty stdin, and a pipe as stdout; at the end of the block it has ended.

    After an error in the block, or Ctrl-C, it is killed. No module of the current folder is imported by it if it is
    Python 3.11 or newer.

    Args:
        errors_to_stdout: whether its stderr goes to the pipe too.

    Raises:
        OSError: if it can't be started.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, *command],
        env={**os.environ, "PYTHONSAFEPATH": "1", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors_to_stdout else None,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # a group of its own, which can be killed as a whole
    )
    try:
        yield process
        process.wait()
    except BaseException:
        _kill_group(process.pid)
        raise
    finally:
        process.__exit__(None, None, None)  # closes the pipes and waits


def _supervise(command: Sequence[str]) -> int:
    """Run a command; returns its exit code, as a shell tells it if a signal ended it."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    child.kill()  # where there are no groups
    _kill_group(os.getpid())


def _kill_group(leader: int) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    os._exit(_supervise(sys.argv[1:]))  # without waiting for the thread that reads stdin
