"""Finds the plugin library that engines are built and run with."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from crnn_deploy.cache_limit import cache_place, mark_used
from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin.record import RECORD_NAME, read_build
from crnn_deploy.native.plugin.sources import sources_digest

# The same values as in gru_plugin.h and gru.h.
PLUGIN_NAME = "CrnnGru"
PLUGIN_VERSION = "1"
LARGEST_LAYER = 1024
_LARGEST_ON_TURING = {True: 992, False: 656}  # by whether it is FP16; blocks have less shared memory there

# Environment variable with the path of another build of the library. If it is empty, no plugin is used.
PLUGIN_VARIABLE = "CRNN_DEPLOY_PLUGIN"


def largest_layer(architectures: Collection[str], half: bool) -> int:
    """Units of the largest GRU layer that the plugin runs on all of these GPUs (see `gru.h`)."""
    return _LARGEST_ON_TURING[half] if "sm75" in architectures else LARGEST_LAYER


def plugin_library(architectures: Collection[str] = ()) -> Path | None:
    """The library that `$CRNN_DEPLOY_PLUGIN` names, or the newest in the cache that was built from the current sources.

    Args:
        architectures: GPUs such as `sm89` for which a library from the cache must contain machine code.

    Raises:
        InputError: if the variable names a file that does not exist.
    """
    configured = os.environ.get(PLUGIN_VARIABLE)
    if configured is None:
        return _newest_build(architectures)
    if not configured:
        return None
    if not Path(configured).is_file():
        raise InputError(
            f"{PLUGIN_VARIABLE}={configured}: there is no such file.", fix=f"Correct or unset {PLUGIN_VARIABLE}."
        )
    return Path(configured)


def _newest_build(architectures: Collection[str]) -> Path | None:
    records = sorted(
        cache_place("plugin").glob(f"*/{RECORD_NAME}"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    sources = sources_digest()
    builds = (read_build(record.parent) for record in records)
    fitting = (built for built in builds if built and built.sources_sha256 == sources)
    path = next((built.path for built in fitting if set(architectures) <= set(built.architectures)), None)
    if path is not None:
        mark_used(path.parent)
    return path
