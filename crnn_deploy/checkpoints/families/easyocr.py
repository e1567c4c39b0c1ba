"""What both generations of EasyOCR's recognisers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from crnn_deploy.checkpoints.families.easyocr_charsets import Charset, is_published_size
from crnn_deploy.checkpoints.families.easyocr_custom import read_custom
from crnn_deploy.checkpoints.families.family import Checkpoint
from crnn_deploy.preprocessing import Preprocessing

# As in training. EasyOCR pads to the widest line of a batch, so its text depends on the other lines; here the width
# depends only on the line. Multiples of 1, 4, 8, 16, 32 and 64 read 1,000 receipt lines with 14.41, 14.42, 14.39,
# 14.28, 14.28 and 14.23 % CER. With 32, batches of equal width are large, and short lines are padded only a little.
#
# Before that, `Reader.recognize` of EasyOCR 1.7.2 resizes a line with the filter of OpenCV that has the number of
# Pillow's LANCZOS: the bilinear one. That filter, widths rounded down and multiples of 64 give its text for 399 of 400
# receipt lines, and these settings for 318; but they read better: with those, the 1,000 lines have 14.78 % CER.
_PREPROCESSING = Preprocessing(
    height=64, width_rounding="ceil", width_multiple=32, min_width=16, resize="bicubic", padding="edge"
)
_DEEP_TEXT_HEADS = (37, 95)  # 36 or 94 characters and the blank
_NEVER = 1000.0  # below every logit that a network gives
_BIAS = "Prediction.bias"


def fits_easyocr(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is EasyOCR's rather than one of deep-text-recognition-benchmark, whose names are the same.

    EasyOCR's networks have as many channels as hidden units, those of deep-text 512 and 256 unless told otherwise. A
    head of 37 or 95 classes is deep-text's, unless there is the file of a custom model of EasyOCR.
    """
    if read_custom(checkpoint) is not None:
        return True
    outputs = checkpoint.size("Prediction.weight", 0)
    channels = checkpoint.size("SequenceModeling.0.rnn.weight_ih_l0", 1)
    same = channels == checkpoint.size("SequenceModeling.0.rnn.weight_hh_l0", 1)
    return outputs not in _DEEP_TEXT_HEADS and (same or is_published_size(outputs))


def fields_of(charset: Charset, colours: str, architecture: dict[str, Any]) -> dict[str, Any]:
    """The fields of the spec."""
    return {
        "charset": charset.characters,
        "text_order": charset.text_order,
        "preprocessing": {**_PREPROCESSING.model_dump(), "channels": colours, "height": charset.height},
        "architecture": architecture,
    }


def without_unread(tensors: Mapping[str, Tensor], charset: Charset) -> dict[str, Tensor]:
    """The weights, with a bias for each class that is never read that no logit makes up for.

    EasyOCR sets the probability of these classes to zero before it decodes.
    """
    bias = tensors.get(_BIAS)
    if bias is None or bias.ndim != 1:
        return dict(tensors)  # the network does not fit these, and says so
    classes = [index for index in charset.unread if index < len(bias)]
    lowered = bias.clone()
    lowered[classes] -= _NEVER
    return {**tensors, _BIAS: lowered}
