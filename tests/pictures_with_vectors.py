"""Pictures whose class neither they nor the vector beside them tell alone: it is the one XOR the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 8
NAMES = ("bit", "noise")


def exclusive_or(count: int = 160, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures `[N, 8, 8]`, which are bright on the left or on the right, classes `[N]` and vectors `[N, 2]`.

    The first number of a vector is about 100 or 110, and the second is noise.
    """
    rng = np.random.default_rng(seed)
    right, bit = rng.integers(0, 2, (2, count))
    pictures = rng.integers(0, 60, (count, SIDE, SIDE), np.uint8)
    for picture, on_the_right in zip(pictures, right, strict=True):
        picture[:, SIDE // 2 * on_the_right : SIDE // 2 * (1 + on_the_right)] += 150
    vectors = np.stack([100 + 10 * bit + rng.normal(0, 1, count), rng.normal(0, 1, count)], 1)
    return pictures, right ^ bit, vectors


def draw_npz(path: Path, count: int = 160, seed: int = 0, names: tuple[str, ...] = NAMES) -> Path:
    pictures, classes, vectors = exclusive_or(count, seed)
    np.savez(path, x=pictures, y=classes, vectors=vectors, vector_names=names)
    return path


def draw_csv(folder: Path, count: int = 160, seed: int = 0, header: str = "file_name,label,bit,noise") -> Path:
    """A folder of pictures with a labels.csv, whose classes are called same and other."""
    folder.mkdir(parents=True)
    rows = [header]
    for index, (picture, other, vector) in enumerate(zip(*exclusive_or(count, seed), strict=True)):
        Image.fromarray(picture).save(folder / f"{index}.png")
        rows.append(f"{index}.png,{('same', 'other')[other]},{vector[0]:.3f},{vector[1]:.3f}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder
