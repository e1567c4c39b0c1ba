"""`frames-gru`: the same convolutions on each still of a clip, and GRU layers over the stills.

The articles call it 3D-GRU: two axes are those of the still, and the third is time, or depth in a volume.
"""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_FEATURES
from crnn_deploy.models.blocks import conv_bn
from crnn_deploy.models.pictures.classifier import SequenceClassifier
from crnn_deploy.models.pictures.config import FramesGru
from crnn_deploy.spec import ModelSpec


class Stills(nn.Module):
    """`[N, T, C, H, W]` → a step for each still: `[N, T, features]`.

    Where something is in a still must not be lost, so the feature map is flattened, not averaged.
    """

    def __init__(self, inputs: int, options: FramesGru, height: int, width: int) -> None:
        super().__init__()
        outputs = [options.channels << stage for stage in range(options.stages)]
        layers: list[nn.Module] = []
        for before, after in zip([inputs, *outputs], outputs, strict=False):
            layers += [conv_bn(before, after), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers)
        self.still = (inputs, height, width)
        self.features = outputs[-1] * (height >> options.stages) * (width >> options.stages)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.layers(x.reshape(-1, *self.still))
        steps: Tensor = maps.reshape(x.shape[0], x.shape[1], self.features)
        return steps


def frames_gru(options: FramesGru, spec: ModelSpec) -> nn.Module:
    """The network of `options` for the clips and classes of `spec`, with fresh weights.

    Raises:
        InputError: if nothing of a still is left after all stages, or very much.
    """
    p = spec.preprocessing
    assert p.width is not None
    if min(p.height, p.width) >> options.stages == 0:
        raise InputError(
            f"Nothing is left of stills of {p.width}×{p.height} pixels after {options.stages} stages.",
            "Each of them halves the size.",
            "Choose fewer stages, or larger stills.",
        )
    steps = Stills(p.channel_count, options, p.height, p.width)
    if steps.features > MAX_FEATURES:
        raise InputError(
            f"A still would have {steps.features:,} features, and at most {MAX_FEATURES:,} are allowed.",
            f"It has {p.width}×{p.height} pixels and goes through {options.stages} stages.",
            "Choose more stages, fewer channels or smaller stills.",
        )
    return SequenceClassifier(steps, steps.features, "gru", options, spec)
