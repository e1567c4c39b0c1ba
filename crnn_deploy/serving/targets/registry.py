"""All targets. To add one: its file or folder beside this, its name in `TargetName`, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from crnn_deploy.serving.config import TargetName
from crnn_deploy.serving.targets.cpp.target import CppTarget
from crnn_deploy.serving.targets.easyocr.target import EasyOcrTarget
from crnn_deploy.serving.targets.http.target import HttpTarget
from crnn_deploy.serving.targets.node.target import NodeTarget
from crnn_deploy.serving.targets.onnxtr.target import OnnxTrTarget
from crnn_deploy.serving.targets.python.target import PythonTarget
from crnn_deploy.serving.targets.rapidocr.target import RapidOcrTarget
from crnn_deploy.serving.targets.target import Target
from crnn_deploy.serving.targets.triton.target import TritonTarget
from crnn_deploy.serving.targets.web.target import WebTarget

TARGETS: Mapping[TargetName, Target] = {
    "cpp": CppTarget(),
    "easyocr": EasyOcrTarget(),
    "http": HttpTarget(),
    "node": NodeTarget(),
    "onnxtr": OnnxTrTarget(),
    "python": PythonTarget(),
    "rapidocr": RapidOcrTarget(),
    "triton": TritonTarget(),
    "web": WebTarget(),
}
