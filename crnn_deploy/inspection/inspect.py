"""`inspect`: tells by a location whether a model or a data set is there, and describes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crnn_deploy.config import MODEL_SUFFIXES, SOURCE_KINDS
from crnn_deploy.data.sources.label_files import UnknownLayoutError
from crnn_deploy.data.sources.open_folder import UnknownSourceError
from crnn_deploy.data.sources.opening import may_be_source, open_source
from crnn_deploy.errors import InputError
from crnn_deploy.inspection.config import CHECKPOINT_SUFFIXES, InspectConfig
from crnn_deploy.inspection.source.description import SourceDescription
from crnn_deploy.progress import Progress, Told

if TYPE_CHECKING:
    from crnn_deploy.inspection.description import ModelDescription

_MODELS = (*MODEL_SUFFIXES, *CHECKPOINT_SUFFIXES)


def inspect(config: InspectConfig, progress: Progress) -> ModelDescription | SourceDescription:
    """Describe the model or the data set at a location.

    Raises:
        InputError: if neither is there, or it is broken, or a model is to be compared with a data set.
    """
    if may_be_source(config.location):
        return _source(config, progress)
    if config.data is not None:
        raise InputError(f"{config.location} is no data set.", "--data compares two data sets.", "Leave --data out.")
    return _model(Path(config.location))


def _source(config: InspectConfig, progress: Progress) -> SourceDescription:
    from crnn_deploy.inspection.source.describe import describe_source

    told = Told(progress)
    try:
        source = open_source(config.location, told, needs_labels=False)
    except (UnknownLayoutError, UnknownSourceError) as error:
        raise _neither(config.location, error) from None
    other = None if config.data is None else open_source(config.data, progress, needs_labels=False)
    return describe_source(source, config.location, told.sentences, other, progress)


def _model(path: Path) -> ModelDescription:
    from crnn_deploy.inspection.describe import describe  # loads onnx

    try:
        return describe(path)
    except InputError as error:
        if path.suffix in _MODELS or not path.is_file() or not path.stat().st_size:
            raise
        raise _neither(str(path), error) from None


def _neither(location: str, error: InputError) -> InputError:
    reason = "" if isinstance(error, UnknownSourceError) else error.what
    return InputError(
        f"{location} is neither a model nor a data set that crnn-deploy can read.",
        f"{reason} Models are files that end in {', '.join(_MODELS)}. A data set is {SOURCE_KINDS}.".lstrip(),
        "Check the path.",
    )
