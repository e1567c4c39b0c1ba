"""`crnn-deploy label`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show_json, show_reservation, show_written
from crnn_deploy.labelling.config import LabelConfig
from crnn_deploy.units import counted, images


def label(config: LabelConfig, as_json: bool) -> None:
    """Read archives of images without labels, by several processes or on a Ray cluster: Parquet in, Parquet out.

    A command that was interrupted, or to which shards were added, goes on where it stopped: no shard is read twice.

    \b
    Examples:
      crnn-deploy label teacher.onnx archive -o labelled
      crnn-deploy label teacher.onnx archive -o pseudo --keep-images --min-confidence 0.9
      crnn-deploy label teacher.onnx shards/*.tar -o labelled --engine ray --address auto --workers 64
    """
    with RichProgress() as progress, redirect_stdout(sys.stderr):  # Ray prints warnings
        labelled = api.label(config, progress)
        for sentence in labelled.image_notes.sentences():
            progress.log(sentence)
    if as_json:
        show_json(labelled.model_dump(mode="json"), config)
        return
    facts = {
        f"of {images(labelled.images)}": True,
        f"in {counted(labelled.shards, 'shard')} ({labelled.shards_read:,} read now)": True,
        f"{labelled.unsure:,} below {config.min_confidence:g}": labelled.unsure,
        f"{labelled.broken:,} broken": labelled.broken,
    }
    said = ", ".join(text for text, applies in facts.items() if applies)
    show_written(Path(labelled.output), f"{counted(labelled.rows, 'text')} {said}")
    if labelled.rows and labelled.empty == labelled.rows:
        show_reservation("The model reads nothing in any image")
