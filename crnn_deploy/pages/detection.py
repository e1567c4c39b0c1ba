"""Where the lines of a page are: the detector of RapidOCR (DB, arXiv 1911.08947), and the lines cut out of the page."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from crnn_deploy.errors import InputError
from crnn_deploy.pages.quad import Quad


class Detector:
    """Finds lines; its model comes with RapidOCR, in the extra `pages`. Threads may share one.

    Raises:
        InputError: if the extra is missing.
    """

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:  # of it, or of a library that it needs
            raise InputError(
                "RapidOCR finds the lines of pages, and cannot be imported.",
                str(error),
                "pip install 'crnn-deploy[pages]'",
            ) from None
        parameters = {"Global.use_cls": False, "Global.use_rec": False, "Global.log_level": "critical"}
        self._detector: Any = RapidOCR(params=parameters)

    def lines(self, page: Image.Image) -> list[Quad]:
        """The corners of each line of a page in mode `RGB`, in no order; those outside of the page are left out.

        Raises:
            InputError: if RapidOCR fails on it.
        """
        try:
            found = self._detector(np.asarray(page)[:, :, ::-1].copy())  # it takes OpenCV's order of channels
        except Exception as error:  # such as its ResizeImgError for a page that is far longer than wide
            raise InputError(
                f"RapidOCR cannot look for lines on a page of {page.width} × {page.height} pixels.",
                str(error),
                "Check that it is a page.",
            ) from None
        if found is None or found.boxes is None:
            return []
        corners = np.asarray(found.boxes, np.float64).clip(0, (page.width, page.height)).round(1)
        quads = [Quad(*(tuple(point) for point in four)) for four in corners.tolist()]
        return [quad for quad in quads if min(quad.box.width, quad.box.height) >= 1]


def cut_out(page: Image.Image, quad: Quad) -> Image.Image:
    """The line between these corners, straightened; a turned one is turned back, so that its top lies on the left."""
    a, b, c, d = quad.corners
    corners = [number for point in (a, d, c, b) for number in point]  # Pillow goes round the other way
    line = page.transform(quad.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    return line.transpose(Image.Transpose.ROTATE_90) if quad.is_turned else line
