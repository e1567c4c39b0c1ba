"""FP32 artifacts with random weights, for timing networks that nobody has trained here."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from torch import Tensor, nn

from crnn_deploy.api import export
from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.models.user_module import module_architecture
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

FAMILIES = ("vgg-bigru", "mobilenet-v3-gru", "mobilenet-v4-gru")
CHARSET = string.digits + string.ascii_letters + string.punctuation + " €"  # 96 characters, and the blank


class VggBiGru(nn.Module):
    """CRNN (Shi et al., arXiv 1507.05717) with GRUs: `[N, 1, 32, W]` → CTC logits `[N, W/4 - 1, classes]`."""

    def __init__(self, classes: int = len(CHARSET) + 1, hidden: int = 256) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *[nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
            *[nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
            *[nn.Conv2d(128, 256, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d((2, 1))],
            *[nn.Conv2d(256, 512, 3, padding=1, bias=False), nn.BatchNorm2d(512), nn.ReLU()],
            *[nn.Conv2d(512, 512, 3, padding=1, bias=False), nn.BatchNorm2d(512), nn.ReLU(), nn.MaxPool2d((2, 1))],
            *[nn.Conv2d(512, 512, 2), nn.ReLU()],
        )
        self.rnn = nn.GRU(512, hidden, 2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(self.features(x).squeeze(2).transpose(1, 2))
        logits: Tensor = self.head(y)
        return logits


def random_artifact(family: str, folder: Path) -> Artifact:
    """An exported network of a family, the same every time."""
    spec = _vgg_bigru_spec()
    if family != spec.name:
        spec = student_spec(family, StudentChoice(family=family), like=spec)  # type: ignore[arg-type]
    torch.manual_seed(0)
    model = build(spec)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    weights = write_safetensors(folder / f"{family}.safetensors", model.state_dict(), spec)
    return export(ExportConfig(model=weights.path, output=folder / f"{family}.onnx"))


def _vgg_bigru_spec() -> ModelSpec:
    """As a user's own network, from this file."""
    return ModelSpec(
        name="vgg-bigru",
        charset=tuple(CHARSET),
        preprocessing=Preprocessing(height=32, min_width=16),
        architecture=module_architecture(f"{__file__}:VggBiGru", {}),
    )
