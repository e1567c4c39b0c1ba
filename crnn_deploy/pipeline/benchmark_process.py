"""The process that `isolated_benchmark` starts: `BenchmarkConfig` as JSON in its argument, messages to stdout."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import IO, NoReturn, TypeVar

from crnn_deploy.benchmark.benchmark import benchmark
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.escaping import visible_lines
from crnn_deploy.pipeline.benchmark_messages import INTERRUPTED, Message, Step
from crnn_deploy.progress import Silent

T = TypeVar("T")
_BUG = 70


def main() -> NoReturn:
    """Benchmark, and exit with the code of the error if there is one; its text goes to stderr."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print must not come between the messages
    code = _benchmark(BenchmarkConfig.model_validate(json.loads(sys.argv[1])), output)
    sys.stderr.flush()
    os._exit(code)  # all is told; the libraries need not be taken down


def _benchmark(config: BenchmarkConfig, output: IO[str]) -> int:
    try:
        _send(output, Message(result=benchmark(config, _Steps(output))))
    except CrnnDeployError as error:
        print(visible_lines(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:
        traceback.print_exc()
        return _BUG
    return 0


class _Steps(Silent):
    """Sends each finished step."""

    def __init__(self, output: IO[str]) -> None:
        self._output = output

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        for item in items:
            yield item
            _send(self._output, Message(step=Step(description=description, total=total)))


def _send(output: IO[str], message: Message) -> None:
    output.write(f"{json.dumps(message.model_dump(mode='json'))}\n")
    output.flush()
