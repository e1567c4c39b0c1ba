"""What the language model of a spec gives for classes of the head, for a beam search."""

from __future__ import annotations

from crnn_deploy.errors import InputError
from crnn_deploy.ngrams import ClassLanguage
from crnn_deploy.spec import ModelSpec


def language_of(spec: ModelSpec) -> ClassLanguage | None:
    """That of a model; None if it has no language model.

    Raises:
        InputError: if the language model is damaged.
    """
    if spec.language_model is None:
        return None
    try:
        return ClassLanguage(spec.language_model, spec.alphabet)
    except ValueError as error:
        raise InputError(
            f"{spec.name} can't be read: {error}.",
            "The file is damaged, or not written by crnn-deploy.",
            "Make it again. Until then `predict` and `evaluate` read without it: --decoder greedy.",
        ) from None
