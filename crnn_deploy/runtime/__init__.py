"""Sessions: one protocol over PyTorch, ONNX Runtime and TensorRT."""

from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.runtime.session import DeviceTimed, Session, Threads

__all__ = ["DeviceTimed", "Session", "Threads", "log_probabilities", "open_session"]
