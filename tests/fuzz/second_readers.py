"""What other programs read in the same files. They run in a child too: they can crash as well.

Each reader returns plain data, or raises an error if it cannot read the file. `None` stands for that.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PLAIN_MODES = ("1", "L", "RGB")  # that need no decision about ranges, inks or transparency
MOST_PIXELS = 1_000_000
REFERENCE = "reference.png"  # the image as a plain PNG file; the command line must read the same in it
_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm")


def read_image(path: Path) -> dict[str, Any]:
    """Pillow alone: turns the image as EXIF says, and writes it as `REFERENCE` if nothing else needs a decision."""
    from PIL import Image, ImageOps

    with Image.open(path) as counted:  # after a broken page it reads no other one
        try:
            frames = getattr(counted, "n_frames", 1)
        except (TypeError, ValueError, LookupError, SyntaxError, OSError):  # of a sound page before a broken one
            frames = 2
    with Image.open(path) as image:
        lowest = max((extents[3] for _, extents, *_ in image.tile), default=image.height)
        image.load()
        whole = lowest >= image.height  # of a damaged TIFF the rest stays black
        plain = whole and image.mode in PLAIN_MODES and frames == 1 and "transparency" not in image.info
        with Image.open(io.BytesIO(path.read_bytes())) as again:  # of a damaged TIFF it maps more than it reads
            plain = plain and np.array_equal(image, again)
        try:
            turned = ImageOps.exif_transpose(image)
        except (SyntaxError, ValueError, LookupError, struct.error):  # broken EXIF data of a sound image
            turned = image
        small = 0 < turned.width * turned.height <= MOST_PIXELS
        if plain and small:
            turned.convert("RGB").save(path.with_name(REFERENCE))
        return {"plain": plain, "small": small, "size": turned.size}


def read_npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {name.lower(): [list(file[name].shape), str(file[name].dtype)] for name in file.files}


def read_idx(path: Path) -> dict[str, Any]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    zeros, kind, axes = struct.unpack(">HBB", data[:4])
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    return {"sound": zeros == 0 and kind == 8 and len(data) == 4 + 4 * axes + int(np.prod(shape)), "shape": shape}


def read_tar(path: Path) -> dict[str, Any]:
    """Names of the images, each once, and whether there is a labels file."""
    with tarfile.open(path, "r:") as archive:
        files = {member.name.removeprefix("./") for member in archive if member.isfile()}
    names = [Path(name) for name in files]
    images = [name for name in names if name.suffix.lower() in _IMAGES and not name.name.startswith(".")]
    return {"images": len(images), "labelled": any(name.name == "labels.tsv" for name in names)}


def read_lmdb(path: Path) -> dict[str, Any]:
    import lmdb

    with lmdb.open(str(path.parent), readonly=True, lock=False) as environment, environment.begin() as reading:
        return {"count": int(reading.get(b"num-samples"))}


def read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return {"tensors": len(load_file(path))}


def read_onnx(path: Path) -> dict[str, Any]:
    import onnx

    model = onnx.load(path)
    onnx.checker.check_model(model)
    return {"nodes": len(model.graph.node)}


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "images": read_image,
    "npz": read_npz,
    "idx": read_idx,
    "tar": read_tar,
    "lmdb": read_lmdb,
    "safetensors": read_safetensors,
    "onnx": read_onnx,
}
