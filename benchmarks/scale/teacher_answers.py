"""What is left out of a teacher's answers that keep a number of classes of each frame, and how large they are."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.batching import batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.training.teachers.answers import Answer, encode
from crnn_deploy.training.teachers.likeliest import likeliest

KEPT = (1, 4, 16, 32, 64)


def answers_of(teacher: Path, data: str, count: int) -> dict[str, Any]:
    """Means over all frames of a sample of lines, and bytes of the answers of whole lines."""
    artifact = open_artifact(teacher)
    session, preprocessor = open_session(artifact, 1), Preprocessor(artifact.spec.preprocessing)
    source = sample(open_source(data), count, 0)
    left: list[NDArray[np.float64]] = []
    sizes, before = [], []
    for batch in batches(source, preprocessor, 8, widest=artifact.spec.preprocessing.widest):
        for log_probs in log_probabilities(session.run(batch.images)):
            shares = np.exp(-np.sort(-log_probs.astype(np.float64), 1))[:, : max(KEPT)].cumsum(1)
            left.append(1 - shares[:, np.minimum(KEPT, shares.shape[1]) - 1])
            answer = Answer(likeliest(log_probs), np.ones(len(log_probs), bool), np.zeros(0, np.int64), 1.0)
            sizes.append(len(encode(answer)))
            before.append(_without_a_bound(log_probs))
    means = np.maximum(np.concatenate(left).mean(0), 0)
    return {
        "teacher": artifact.spec.name,
        "data": Path(data).parent.name,
        "classes": artifact.spec.num_outputs,
        "left": dict(zip(map(str, KEPT), means.tolist(), strict=True)),
        "bytes": float(np.mean(sizes)),
        "largest": max(sizes),
        "largest_before": max(before),
    }


def _without_a_bound(log_probs: NDArray[np.float32]) -> int:
    """Bytes of an answer with all classes that are more probable than 1e-4, as they were kept before."""
    frame, kept = np.nonzero(log_probs > np.log(1e-4))
    arrays = {"frame": frame.astype(np.int32), "class": kept.astype(np.int32)}
    return len(zlib.compress(save({**arrays, "value": log_probs[frame, kept].astype(np.float16)}), 1))
