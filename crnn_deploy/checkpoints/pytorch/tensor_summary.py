"""What the weights of a checkpoint say about its network. Does not import PyTorch."""

from __future__ import annotations

from crnn_deploy.config import Frozen


class TensorSummary(Frozen):
    """Layers of a network of which only the weights are known, each as one readable line."""

    tensors: int
    parameters: int
    precision: str
    convolutions: tuple[str, ...]
    recurrent: tuple[str, ...]
    linear: tuple[str, ...]

    def __str__(self) -> str:
        """A few lines: totals, and the layers of each kind (shortened to the first and last where there are many)."""
        lines = [f"{self.tensors} tensors, {self.parameters:,} parameters, {self.precision}"]
        for title, layers in (
            ("convolutions", self.convolutions),
            ("recurrent layers", self.recurrent),
            ("linear layers", self.linear),
        ):
            shown = layers if len(layers) <= 4 else (*layers[:2], "…", *layers[-2:])
            lines.append(f"{len(layers)} {title}{': ' if layers else ''}{'; '.join(shown)}")
        return "\n".join(lines)
