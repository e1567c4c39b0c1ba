"""Which characters the classes of EasyOCR's recognisers are: the published models by language, and custom ones.

`easyocr_charsets.json` holds what EasyOCR 1.7.2 says in its `config.py` and its lists of characters by language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crnn_deploy.checkpoints.families.easyocr_custom import read_custom
from crnn_deploy.checkpoints.families.family import Checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.text_formats import read_json
from crnn_deploy.text_order import TextOrder, runs_right_to_left

_TABLE = Path(__file__).with_name("easyocr_charsets.json")
_TEXTS = ("symbols", "characters")
_DEFAULTS = {1: "latin_g1", 2: "english_g2"}  # where nothing tells the model


@dataclass(frozen=True)
class Charset:
    """The characters of a recogniser.

    Attributes:
        characters: of the classes 1, 2, …; class 0 is the blank.
        unread: classes that EasyOCR never reads: characters of none of the languages.
        height: of the lines in pixels.
        text_order: of what the network reads.
    """

    characters: str
    unread: tuple[int, ...] = ()
    height: int = 64
    text_order: TextOrder = "logical"


@dataclass(frozen=True)
class Published:
    """A published recogniser: `symbols` are read in every language."""

    name: str
    generation: int
    file: str
    languages: tuple[str, ...]
    symbols: str
    characters: str

    @property
    def outputs(self) -> int:
        return len(self.characters) + 1

    def charset(self, languages: Sequence[str] | None) -> Charset:
        """Its characters, of which those of other `languages` are not read; None: all are.

        Right-to-left text is read in display order, and EasyOCR turns it around afterwards.
        """
        order: TextOrder = "display" if runs_right_to_left(self.characters) else "logical"
        return Charset(self.characters, () if languages is None else _unread(self, languages), text_order=order)


def charset_of(checkpoint: Checkpoint, generation: int) -> Charset:
    """The charset of a checkpoint whose head is called `Prediction`.

    Of a custom model it is in a file beside it, `NAME.yaml`. Of a published one the language, the name of the file or
    else the size of the head tells it, in this order.

    Raises:
        InputError: if a language is unknown or none of this generation, or the head has another size than the charset
            of the language; of others the caller compares these.
    """
    languages = tuple(code for code in checkpoint.language.replace(" ", "").split(",") if code)
    outputs = checkpoint.size("Prediction.weight", 0)
    custom = read_custom(checkpoint)
    if custom is not None:
        _check_languages(languages, custom.languages, "the custom model")
        return Charset(custom.characters, height=custom.height)
    models = [model for model in published() if model.generation == generation]
    if languages:
        model = _of_languages(models, languages, checkpoint.path.name, outputs)
        return model.charset(languages)
    for model in models:
        if model.file == checkpoint.path.name:
            return model.charset(model.languages)
    fitting = [model for model in models if model.outputs == outputs]
    default = next(model for model in models if model.name == _DEFAULTS[generation])
    return (fitting or [default])[0].charset(None)


def is_published_size(outputs: int) -> bool:
    """Whether a published recogniser has so many classes, with the blank."""
    return any(model.outputs == outputs for model in published())


def _of_languages(models: Sequence[Published], languages: Sequence[str], file: str, outputs: int) -> Published:
    """The model that reads all of the languages: the one with the file's name, or the head's size."""
    _check_languages(languages, sorted(_table()["languages"]), "EasyOCR")
    able = [model for model in models if set(languages) <= set(model.languages)]
    if not able:
        others = [model.name for model in published() if set(languages) <= set(model.languages)]
        raise InputError(
            f"EasyOCR has no recogniser of generation {models[0].generation} for {', '.join(languages)}.",
            f"Those are of: {', '.join(others) or 'none together'}. This checkpoint is of another generation.",
            "Leave out --lang, or give the charset: --spec SPEC.yaml with `charset: …`.",
        )
    named = [model for model in able if model.file == file]
    fitting = [model for model in named or able if model.outputs == outputs]
    if fitting:
        return fitting[0]
    sizes = ", ".join(f"{model.name} {model.outputs:,}" for model in named or able)
    raise InputError(
        f"The head of {file} has {outputs:,} outputs, and charsets for {', '.join(languages)} make others: {sizes}.",
        "It is the checkpoint of another language, or a model that was trained with its own characters.",
        "Leave out --lang, or give the charset: --spec SPEC.yaml with `charset: …`.",
    )


def _check_languages(wanted: Sequence[str], known: Sequence[str], whose: str) -> None:
    unknown = [code for code in wanted if code not in known]
    if unknown:
        raise InputError(
            f"--lang {','.join(unknown)} is no language of {whose}.",
            f"Known: {', '.join(known)}.",
            "Write EasyOCR's codes, several with commas: --lang ch_sim,en.",
        )


def _unread(model: Published, languages: Sequence[str]) -> tuple[int, ...]:
    """Classes whose characters no language has; of a repeated character the first class, as in EasyOCR."""
    read = {*model.symbols, *"".join(_table()["languages"][code] for code in languages)}
    return tuple(sorted(model.characters.index(character) + 1 for character in {*model.characters} - read))


@cache
def published() -> tuple[Published, ...]:
    """All published recognisers."""
    return tuple(
        Published(name, entry["generation"], entry["file"], tuple(entry["languages"]), *map(entry.get, _TEXTS))
        for name, entry in _table()["models"].items()
    )


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = read_json(_TABLE)
    return table
