"""Removal of stored results that are not used any more."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from pathlib import Path

from crnn_deploy.training.teachers.store import prune_answers

ANSWER_DAYS = 30
"""All runs of a user share the answers of teachers, so these stay at least so many days after their last use."""

_DAY = 24 * 60 * 60


def prune(stages: Path, used: Collection[str], keep_days: float) -> int:
    """Remove results of stages and teachers' answers that were not used lately; they can be made again.

    Args:
        stages: the folder with the results of a run's stages.
        used: names of the folders in it that stay in any case.
        keep_days: results that were used in the last so many days stay too.

    Returns:
        Bytes that were freed.
    """
    oldest = time.time() - keep_days * _DAY
    unused = [folder for folder in stages.iterdir() if folder.is_dir() and folder.name not in used]
    expired = [folder for folder in unused if folder.stat().st_mtime <= oldest]
    freed = sum(file.stat().st_size for folder in expired for file in folder.rglob("*") if file.is_file())
    for folder in expired:
        shutil.rmtree(folder, ignore_errors=True)
    return freed + prune_answers(max(keep_days, ANSWER_DAYS), None)
