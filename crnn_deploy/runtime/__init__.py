"""Sessions: one protocol over PyTorch and ONNX Runtime."""

from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.runtime.session import Session, Threads

__all__ = ["Session", "Threads", "log_probabilities", "open_session"]
