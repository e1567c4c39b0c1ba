"""Whether a model emits its blank where the spec says."""

from __future__ import annotations

import numpy as np

from crnn_deploy.progress import Progress
from crnn_deploy.runtime.session import Session
from crnn_deploy.runtime.trial import trial_images


def doubt_blank(session: Session, progress: Progress) -> None:
    """Say so where white paper reads as the class at the other end of the charset: that is where the blank belongs."""
    spec = session.spec
    p = spec.preprocessing
    mean, std = (np.broadcast_to(np.array(v, np.float32), p.channel_count)[:, None, None] for v in (p.mean, p.std))
    paper = (np.full_like(trial_images(spec, 1), 0 if p.invert else 1) - mean) / std
    classes = set(session.run(paper).argmax(-1).ravel().tolist())
    if classes in ({0}, {len(spec.charset)}) and spec.blank not in classes:
        progress.log(
            f"Check `blank` in the spec: it is {spec.blank}, and the model reads white paper as class {classes.pop()}."
        )
