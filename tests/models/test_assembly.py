"""What the registry tells of networks: the pixels of a frame are what they do."""

from __future__ import annotations

import pytest
import torch

from crnn_deploy.models.assembly import FAMILIES, build, stride_of
from crnn_deploy.models.pictures.families import PICTURE_FAMILIES
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec

LINES = ModelSpec(name="m", charset="abc", preprocessing=Preprocessing(height=32))


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"layers", "module", *PICTURE_FAMILIES}))
def test_strides(family: str) -> None:
    spec = LINES.model_copy(update={"architecture": Architecture(family=family)})
    model = build(spec)
    with torch.inference_mode():
        narrow, wide = (model(torch.zeros(1, 1, 32, width)).shape[1] for width in (160, 320))
    assert 160 / (wide - narrow) == stride_of(spec)
