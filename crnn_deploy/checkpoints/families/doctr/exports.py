"""docTR's CRNNs in ONNX, as docTR exports them and OnnxTR ships them: `[N, 3, 32, 128]` → logits `[N, T, K]`."""

from __future__ import annotations

from pathlib import Path

import onnx

from crnn_deploy.checkpoints.families.doctr.reading import PREPROCESSING, reading_fields
from crnn_deploy.checkpoints.families.family import OnnxFamily, OnnxRecognised
from crnn_deploy.checkpoints.families.onnx_shapes import classes, has_lstm, input_sizes

_OUTPUT = "logits"


def recognise(model: onnx.ModelProto, path: Path, language: str) -> OnnxRecognised | None:
    """Charset, blank and preprocessing of a model with docTR's input, an output `logits` and an LSTM."""
    sizes, outputs = input_sizes(model), classes(model)
    shape = (PREPROCESSING.channel_count, PREPROCESSING.height, PREPROCESSING.width)
    # docTR's ViTSTR, PARSeq and MASTER have such inputs and outputs too, but no LSTM.
    if sizes[1:] != shape or model.graph.output[0].name != _OUTPUT or outputs < 2 or not has_lstm(model):
        return None
    fields, reason = reading_fields(path, outputs, PREPROCESSING.height, language)
    return OnnxRecognised(fields, f"its input is [N, 3, 32, 128] and its output '{_OUTPUT}'; {reason}")


FAMILY = OnnxFamily(
    name="doctr-onnx",
    about="docTR's CRNNs in ONNX, as docTR exports them and OnnxTR ships them.",
    files="crnn_vgg16_bn.onnx",
    example="import crnn_vgg16_bn.onnx -o doctr.onnx",
    recognise=recognise,
)
