"""Options of recurrent layers, which all networks share that are made here."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen


class RecurrentOptions(Frozen):
    """Size of recurrent layers, and what stands around each.

    Nothing of it changes the recurrence itself, so that it stays a GRU or LSTM in every runtime.
    """

    hidden: int = Field(default=96, gt=0, le=1024, description="Recurrent units in each direction.")
    layers: int = Field(default=1, gt=0, le=4, description="Recurrent layers.")
    bidirectional: bool = Field(default=True, description="Run the recurrent layers in both directions.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Dropout before the head, in training only.")
    residual: bool = Field(default=False, description="Add the input of each further recurrent layer to its output.")
    layer_norm: bool = Field(default=False, description="Normalise the input of each recurrent layer.")
    output_norm: bool = Field(default=False, description="Normalise the output of each recurrent layer.")
    input_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Dropout of the input of each recurrent layer, in training only."
    )
    attention: int = Field(
        default=0, ge=0, le=32, description="Steps on each side that a local attention beside each layer sees; 0: none."
    )
    dynamic_gates: bool = Field(
        default=False, description="Let a small network of the input scale what the gates of each layer see."
    )
    xavier: bool = Field(default=False, description="Xavier initialisation of each gate, instead of PyTorch's.")
    checkpointing: bool = Field(
        default=False, description="Compute steps again in the backward pass instead of keeping them: less memory."
    )

    @property
    def is_plain(self) -> bool:
        """Whether nothing stands around the layers, so that one module of PyTorch has them all."""
        around = (self.residual, self.layer_norm, self.output_norm, self.dynamic_gates, self.checkpointing)
        return not (any(around) or self.attention or self.input_dropout)

    @property
    def outputs(self) -> int:
        """Channels of the output of each layer."""
        return self.hidden * (1 + self.bidirectional)
