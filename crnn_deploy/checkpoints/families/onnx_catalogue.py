"""The families of ONNX models; apart from the others, because importing one does not need PyTorch."""

from __future__ import annotations

from crnn_deploy.checkpoints.families import ddddocr, ppocr
from crnn_deploy.checkpoints.families.doctr import exports
from crnn_deploy.checkpoints.families.family import OnnxFamily

ONNX: tuple[OnnxFamily, ...] = (ddddocr.FAMILY, ppocr.FAMILY, exports.FAMILY)
