"""`SourceDescription`: the facts about a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from crnn_deploy.config import Frozen
from crnn_deploy.data.sources.base import Kind

PlainText = Annotated[str, BeforeValidator(lambda text: text.encode("utf-8", "backslashreplace").decode())]
r"""Text of strangers; halves of surrogate pairs, as in names that are no UTF-8, are spelled `\udc80`."""


class Quantiles(Frozen):
    """How numbers are spread; each is one that occurs."""

    least: int
    p10: int
    median: int
    p90: int
    greatest: int

    @classmethod
    def of(cls, values: NDArray[Any]) -> Quantiles | None:
        """Those of some numbers; None if there are none."""
        if not len(values):
            return None
        found = np.percentile(values, (0, 10, 50, 90, 100), method="inverted_cdf").tolist()
        return cls(**dict(zip(cls.model_fields, map(int, found), strict=True)))


class WidthBin(Frozen):
    """How many images are wider than `above` pixels and at most `up_to`, which is None for the widest."""

    above: int
    up_to: int | None
    images: int


class Sizes(Frozen):
    """Pixels of the images whose header can be read; None if there are none. Of a clip they are those of a still."""

    height: Quantiles | None
    width: Quantiles | None
    width_at_32: Quantiles | None
    """The width that an image has when it is resized to a height of 32 pixels."""
    widths_at_32: tuple[WidthBin, ...]


class LabelFacts(Frozen):
    """The texts of lines. Lengths are in code points, as the texts are written, without a normal form.

    `characters` are all that occur with their counts, the most frequent first; `scripts` says how many of them are
    letters of a script, digits, or something else.
    """

    length: Quantiles
    empty: int
    different: int
    characters: dict[PlainText, int]
    scripts: dict[str, int]
    rare: int
    """How many characters occur less than 10 times."""


class Double(Frozen):
    """Some images of the same content, and their labels."""

    images: tuple[PlainText, ...]
    labels: tuple[PlainText, ...]
    count: int
    contradicting: bool


class Doubles(Frozen):
    """Images whose content occurs several times.

    `contents` of them are different, of which `contradicting` have several labels; `images` counts all their images.
    """

    contents: int
    images: int
    contradicting: int
    examples: tuple[Double, ...]


class Some(Frozen):
    """How many images there are of a kind, and the names of a few."""

    count: int
    examples: tuple[PlainText, ...]


class Shared(Frozen):
    """The images that another data set holds too: how many here, and how many there."""

    data: str
    images: int
    images_there: int
    examples: tuple[PlainText, ...]


class SourceDescription(Frozen):
    """The facts about a data set; None or empty where it doesn't have them.

    `size_bytes` is that of the file, or of all files in the folder. `remarks` are what was said when it was opened,
    such as invisible marks in labels. `index` are the folders of the cache that keep what is known of the images.
    """

    path: str
    kind: Kind
    size_bytes: int
    images: int
    sizes: Sizes
    labels: LabelFacts | None
    classes: dict[PlainText, int]
    doubles: Doubles
    broken: Some
    animated: Some
    vector_names: tuple[PlainText, ...]
    remarks: tuple[PlainText, ...]
    index: tuple[Path, ...]
    shared: Shared | None
