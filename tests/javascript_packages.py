"""Node.js in tests: the packages of npm that `make` installs, and scripts beside a package that was written."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.serving.targets.javascript.npm import VERSION

CACHE = Path(__file__).parents[1] / ".venv" / "node"
"""The cache that `make` fills."""

_SCRIPTS = Path(__file__).parent / "serving" / "node_scripts"


def require_npm_package(name: str) -> None:
    """Skip the test unless Node.js and a package of ONNX Runtime are here."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    if not (CACHE / "npm" / f"{name}-{VERSION}").is_dir():
        pytest.skip(f"{name} is not installed; rm -r .venv/node; make .venv/node")


def run_script(name: str, *arguments: Path) -> Any:
    """What a script of `serving/node_scripts` prints as JSON."""
    command = ["node", str(_SCRIPTS / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write_pixels(folder: Path, images: Sequence[Image.Image]) -> None:
    """Write `pixels.bin` with all pixels of the images, and `images.json` with what each is like."""
    arrays = [np.asarray(image) for image in images]
    sizes = [
        {"width": image.width, "height": image.height, "channels": array.size // (image.width * image.height)}
        for image, array in zip(images, arrays, strict=True)
    ]
    (folder / "pixels.bin").write_bytes(b"".join(array.tobytes() for array in arrays))
    (folder / "images.json").write_text(json.dumps(sizes))
