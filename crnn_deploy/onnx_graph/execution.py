"""The boundary to ONNX Runtime: what it refuses is an `InputError`, whatever class it raises."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import onnxruntime as ort
from google.protobuf.message import EncodeError
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_TRIAL_SECONDS

Feeds = dict[str, NDArray[Any]]


def quiet_options(threads: int | None = None) -> ort.SessionOptions:
    """Options of a session that prints nothing; what goes wrong is raised."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 4
    return options


Provider = tuple[str, Mapping[str, str]]
"""An execution provider of ONNX Runtime, with its options."""

CPU: Provider = ("CPUExecutionProvider", {})


def load_session(
    model: onnx.ModelProto | Path, options: ort.SessionOptions, title: str, providers: Sequence[Provider] = (CPU,)
) -> ort.InferenceSession:
    """ONNX Runtime's session over a model in memory or in a file; `title` names it in messages.

    Args:
        providers: in the order of preference. One that can't be started is left out without a word.

    Raises:
        InputError: if ONNX Runtime refuses the model.
    """
    try:
        source = str(model) if isinstance(model, Path) else model.SerializeToString()
        names, settings = ([part[place] for part in providers] for place in range(2))
        return ort.InferenceSession(source, options, names, settings, enable_fallback=0)
    except EncodeError as error:
        raise InputError(f"{title} is larger than protobuf allows.", str(error), "Give a smaller model.") from None
    except Exception as error:  # ONNX Runtime raises a class of its own for each status code
        raise _refused(f"ONNX Runtime cannot load {title}.", error) from None


def run_session(
    session: ort.InferenceSession, outputs: Sequence[str] | None, feeds: Feeds, title: str
) -> list[NDArray[Any]]:
    """One run of a session.

    Raises:
        InputError: if ONNX Runtime fails.
    """
    try:
        values: list[NDArray[Any]] = session.run(outputs, feeds)
    except Exception as error:  # as above
        raise _failed(title, feeds, error) from None
    return values


def run_within_limit(
    session: ort.InferenceSession, outputs: Sequence[str] | None, feeds: Feeds, title: str
) -> list[NDArray[Any]]:
    """The first run of a session, which is ended after `MAX_TRIAL_SECONDS`: a loop in the graph may have no end.

    Raises:
        InputError: if ONNX Runtime fails, or takes longer.
    """
    options = ort.RunOptions()
    options.log_severity_level = 4
    late = threading.Event()

    def end() -> None:
        late.set()
        options.terminate = True

    timer = threading.Timer(MAX_TRIAL_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        values: list[NDArray[Any]] = session.run(outputs, feeds, options)
    except Exception as error:  # as above
        if late.is_set():
            raise InputError(
                f"{title} takes longer than {MAX_TRIAL_SECONDS} seconds for one image.",
                "It has a loop without an end, or is no line recogniser.",
                "Check the model.",
            ) from None
        raise _failed(title, feeds, error) from None
    finally:
        timer.cancel()
    return values


def _failed(title: str, feeds: Feeds, error: Exception) -> InputError:
    sizes = " and ".join(str(list(values.shape)) for values in feeds.values())
    return _refused(f"ONNX Runtime cannot run {title} on an input of {sizes}.", error)


def _refused(what: str, error: Exception) -> InputError:
    return InputError(what, str(error).strip(), "Check that the model runs in ONNX Runtime, and export it again.")
