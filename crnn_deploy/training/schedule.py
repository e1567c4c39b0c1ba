"""Learning rate, fading of losses and moving average of the weights, as functions of the step."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def learning_rate(step: int, total: int, peak: float, warmup: float) -> float:
    """Linear rise to `peak` over `warmup` of the steps, then a half cosine to a hundredth of it."""
    rising = max(1, round(total * warmup))
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(1, total - rising)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)


def fading(progress: float, until: float) -> float:
    """From 1 linearly to 0 at `until` of the training (teacher annealing: Clark et al., arXiv 1907.04829)."""
    return max(0.0, 1 - progress / until)


class MovingAverage:
    """Exponential moving average of all weights and statistics of a model; its decay is smaller in the first steps."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.values = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Add the model's present weights to the average."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - decay)
            else:
                self.values[name].copy_(value)

    def state_dict(self) -> dict[str, int | dict[str, Tensor]]:
        return {"updates": self.updates, "values": self.values}

    def load_state_dict(self, state: dict[str, object]) -> None:
        values, updates = state["values"], state["updates"]
        assert isinstance(values, dict)
        assert isinstance(updates, int)
        self.updates = updates
        for name, value in values.items():
            self.values[name].copy_(value)
