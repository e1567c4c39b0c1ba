"""Labels of a data set in the form of a model's outputs, or an error that says why the model can't produce them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from crnn_deploy.data.sources.base import Source
from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import TextEncoder, normalized

UNKNOWN_LIMIT = 0.01
"""Share of label characters outside the charset up to which they are counted as errors instead of refused."""
_BLOCK = 1 << 14  # labels that are in memory at once


class References:
    """The right answer for each image: its text in the model's normal form, or the model's name of its class.

    Raises:
        InputError: if the source is empty or has labels of another kind, or classes that the model doesn't know.
    """

    def __init__(self, source: Source, spec: ModelSpec) -> None:
        _check_kind(source, spec)
        self._source, self._form = source, spec.normal_form
        self._names = _model_classes(source, spec) if source.kind == "class" else ()
        if source.kind == "text" and not any(self):
            raise InputError(
                f"All labels of {source.name} are empty.", fix="Write the text of each image in labels.tsv."
            )

    def of(self, indices: Sequence[int]) -> list[str]:
        """Those of the images with these indices."""
        if self._names:
            return [self._names[self._source.class_index(index)] for index in indices]
        return [normalized(text, self._form) for text in self._source.texts(np.asarray(indices, np.intp))]

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._source), _BLOCK):
            yield from self.of(range(start, min(start + _BLOCK, len(self._source))))


def reference_texts(source: Source, spec: ModelSpec) -> list[str]:
    """All `References` at once, with the same errors."""
    return list(References(source, spec))


def _check_kind(source: Source, spec: ModelSpec) -> None:
    if len(source) == 0:
        raise InputError(f"{source.name} holds no images.", fix="Check the path and its labels.")
    wanted = "text" if spec.task == "ctc" else "class"
    if source.kind != wanted:
        has = "no labels" if source.kind == "unlabelled" else f"{source.kind} labels"
        layout = (
            "a folder, .tar or .zip with labels.tsv or another label file, or an LMDB; or names:FOLDER, if the "
            "names of its files are their labels"
            if wanted == "text"
            else "a class folder, IDX or NPZ"
        )
        raise InputError(f"{source.name} has {has}, but {spec.name} needs {wanted} labels.", fix=f"Use {layout}.")


def unknown_characters(references: Iterable[str], spec: ModelSpec, dataset: str) -> dict[str, int]:
    """How often each character occurs that the model can produce in neither case, most frequent first.

    A character of the other case is not counted: the case-insensitive figures are made for such models.

    Raises:
        InputError: if they are more than `UNKNOWN_LIMIT` of all label characters: no figure would be meaningful.
    """
    writable = set("".join(text for text in spec.charset if len(text) == 1).casefold())
    encoder = TextEncoder(spec)
    pieces: Counter[str] = Counter()
    characters = 0
    for reference in references:
        pieces.update(encoder.pieces(reference))
        characters += len(reference)
    outside = {p: n for p, n in pieces.most_common() if encoder.class_of(p) is None}
    unknown = {p: n for p, n in outside.items() if not writable.issuperset(p.casefold())}
    share = sum(unknown.values()) / max(1, characters)
    if share > UNKNOWN_LIMIT:
        listed = ", ".join(f"{c!r} ×{n}" for c, n in list(unknown.items())[:20])
        raise InputError(
            f"{share:.1%} of the label characters in {dataset} are outside the charset of {spec.name}.",
            f"The model cannot produce {listed}{' and others' if len(unknown) > 20 else ''}.",
            "Use a model with these characters in its charset, or replace or remove them in the labels.",
        )
    return unknown


def _model_classes(source: Source, spec: ModelSpec) -> tuple[str, ...]:
    """The model's name of each class of the source: the same name, or the same index where one side has only numbers.

    A source may lack some of the model's classes, as long as it names the ones it has.
    """
    ours, theirs = spec.class_names, source.class_names
    if set(theirs) <= set(ours):
        return theirs
    numbered = all(name.isdecimal() for name in ours) or all(name.isdecimal() for name in theirs)
    if numbered and len(ours) == len(theirs):
        return ours
    strangers = [name for name in theirs if name not in ours]
    raise InputError(
        f"The classes of {source.name} are not those of {spec.name}.",
        f"The data has {len(theirs)} classes and the model {len(ours)}; it doesn't know {', '.join(strangers[:10])}.",
        "Use data with the classes that the model was trained on.",
    )
