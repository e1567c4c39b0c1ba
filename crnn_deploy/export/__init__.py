"""From a PyTorch artifact to ONNX, with proof that it reads the same."""

from crnn_deploy.export.exporter import ExportConfig, ExportOptions, export

__all__ = ["ExportConfig", "ExportOptions", "export"]
