"""Sessions: one protocol over PyTorch and ONNX Runtime."""

from crnn_deploy.runtime.session import Session, log_probabilities, open_session

__all__ = ["Session", "log_probabilities", "open_session"]
