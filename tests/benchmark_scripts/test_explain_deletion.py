"""The deletion test finds what a hand-made model looks at, and nothing elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from explain_deletion import BOXES, count, figures, markdown
from explaining.known_models import CLASSES, LINES, Corner, Inks, bright_picture, line, session
from PIL import Image

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.explaining.explainer import Explainer
from crnn_deploy.progress import SILENT


@pytest.mark.parametrize("kind", ["class", "line"])
def test_hiding_the_named_region_changes_the_answer_and_a_random_one_seldom(tmp_path, kind: str) -> None:
    for number in range(6):
        image: Image.Image = bright_picture(number)
        if kind == "line":
            image = line({8: 0, 24 + 4 * number: 128, 60: 0}, 96)
        image.save(tmp_path / f"{number}.png")
    model, spec = (Corner(), CLASSES) if kind == "class" else (Inks(), LINES)
    source = open_source(tmp_path, needs_labels=False)
    counts = count(Explainer(session(model, spec)), source, 3, 0, SILENT)
    assert sum(counts.answers) == (6 if kind == "class" else 18)
    row = figures(counts, "known", 0)[0]
    assert row["named"][0] == 1
    assert row["random"][0] < 0.5
    low, high = row["difference"]
    assert 0 < low <= high
    assert np.array(counts.distances).max(initial=0) < 0.15
    assert all(f"{box}, changed" in markdown([row]) for box in BOXES)
