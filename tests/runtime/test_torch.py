"""A network that fails is the fault of its input; too little memory is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec

SPEC = ModelSpec(name="reader", charset="ab", preprocessing=Preprocessing(height=4, min_width=1, width_multiple=1))


class Narrowing(nn.Module):
    """Needs five columns; the rest are its frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, (4, 5))

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images).squeeze(2).transpose(1, 2)


def test_an_image_that_is_too_narrow_is_told_by_its_size() -> None:
    session = TorchSession(Narrowing(), SPEC)
    assert session.run(np.zeros((2, 1, 4, 5), np.float32)).shape == (2, 1, 3)
    with pytest.raises(InputError, match=r"network of reader fails on an image batch \[2, 1, 4, 4\]") as raised:
        session.run(np.zeros((2, 1, 4, 4), np.float32))
    assert "Kernel size" in raised.value.cause
    assert "min_width" in raised.value.fix


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_not_the_fault_of_an_image(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: nn.Module, _images: Tensor) -> Tensor:
        raise error

    monkeypatch.setattr(Narrowing, "forward", fail)
    with pytest.raises(type(error)) as raised, torch.inference_mode():
        TorchSession(Narrowing(), SPEC).run(np.zeros((1, 1, 4, 8), np.float32))
    assert raised.value is error
