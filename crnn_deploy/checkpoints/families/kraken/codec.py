"""kraken's codec: which text stands for which codes, of which 0 is the blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible


def codec_fields(codec: object, outputs: int) -> dict[str, Any]:
    """The fields `charset` and `sequences` of the spec of a head with `outputs` classes.

    A code that stands for no text alone has an empty text in the charset: kraken passes over it.

    Raises:
        InputError: if the codec is none, names a code that the head lacks, or gives a code to two texts.
    """
    if not isinstance(codec, Mapping):
        raise InputError("The codec is no mapping of texts to codes.", "The model was stored without its codec.")
    charset = [""] * (outputs - 1)
    sequences = []
    for text, codes in codec.items():
        _check(text, codes, outputs)
        if len(codes) > 1:
            sequences.append({"classes": tuple(codes), "text": text})
        elif charset[codes[0] - 1]:
            raise InputError(f"The codec gives the code {codes[0]} to two texts, one of them '{visible(text[:20])}'.")
        else:
            charset[codes[0] - 1] = text
    return {"charset": tuple(charset), "blank": 0, "sequences": sequences}


def _check(text: object, codes: object, outputs: int) -> None:
    whole = isinstance(codes, list) and codes and all(type(code) is int and 0 < code < outputs for code in codes)
    if not isinstance(text, str) or not whole:
        raise InputError(
            f"The codec gives the text '{visible(str(text)[:20])}' the codes {str(codes)[:40]}, "
            f"and the head has the codes 1 to {outputs - 1}."
        )
