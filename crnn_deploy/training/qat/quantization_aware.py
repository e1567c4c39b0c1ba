"""A network that rounds like its INT8 form during training."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from crnn_deploy.training.qat.int8_tensors import Product, survey
from crnn_deploy.training.qat.products import RoundedConvolution, RoundedLinear, pass_on
from crnn_deploy.training.qat.recurrence import RoundedRecurrence
from crnn_deploy.training.qat.rounding import ActivationRounding


class QuantizationAware:
    """Makes a model round, in place, as it will after `quantize` for CPUs.

    Inputs and outputs of convolutions and inputs of linear layers are UINT8. Weights are INT8 per output channel, with
    batch norm folded. GRU and LSTM layers round as our kernels do. Biases, logits and everything between such layers
    stay float. After Jacob et al., arXiv 1712.05877.

    The model keeps its parameters, their meaning, and the names in its `state_dict`. The statistics of folded batch
    norms are frozen. A deep copy of the model rounds too, independently. Train in FP32: BF16 saves hardly any time
    here.

    Args:
        model: a network that takes images, on any device.
        images: `[N, C, H, W]` on the same device, from which the tensors and their ranges are determined.
        others: what the network takes besides.
    """

    def __init__(self, model: nn.Module, images: Tensor, *others: Tensor) -> None:
        self.model = model
        self._forwards: list[tuple[nn.Module, Callable[[Tensor], object]]] = []
        self._roundings: dict[str, ActivationRounding] = {}
        for product in survey(model, images, *others):
            self._round(product)
        for module in model.modules():
            if isinstance(module, nn.GRU | nn.LSTM):
                self._forwards.append((module, RoundedRecurrence(module)))
        self.observe(images, *others)

    @torch.no_grad()
    def observe(self, images: Tensor, *others: Tensor) -> None:
        """Adjust the ranges of activations to those for `images` `[N, C, H, W]`, computed without rounding.

        A range widens at once and narrows slowly. Call this with some batches before training, and from time to time
        during training.
        """
        training = self.model.training
        self._stop_rounding()
        self._observe(True)
        try:
            self.model.eval()(images, *others)
        finally:
            self.model.train(training)
            self._observe(False)
            for module, forward in self._forwards:
                # An attribute takes precedence over the method of the class, and is part of deep copies.
                vars(module)["forward"] = forward

    @property
    def ranges(self) -> Mapping[str, tuple[float, float]]:
        """The range of each rounded tensor, by the name of the module whose input or output it is."""
        return {name: rounding.range for name, rounding in self._roundings.items() if rounding.range is not None}

    def _round(self, product: Product) -> None:
        """Make a product use rounded weights and, if it runs in INT8, round its input and output."""
        module = self.model.get_submodule(product.name)
        if product.entrance is not None and f"{product.entrance}.input" not in self._roundings:
            rounding = self._roundings[f"{product.entrance}.input"] = ActivationRounding()
            entrance = self.model.get_submodule(product.entrance)
            entrance.register_forward_pre_hook(rounding.entering)
        if isinstance(module, nn.Linear):
            self._forwards.append((module, RoundedLinear(module)))
        if isinstance(module, nn.Conv2d):
            norm = None if product.norm is None else self.model.get_submodule(product.norm)
            assert norm is None or isinstance(norm, nn.BatchNorm2d)
            self._forwards.append((module, RoundedConvolution(module, norm)))
            if norm is not None:
                self._forwards.append((norm, pass_on))
            if product.int8:
                rounding = self._roundings[f"{product.name}.output"] = ActivationRounding(product.rectified)
                (norm or module).register_forward_hook(rounding.leaving)

    def _stop_rounding(self) -> None:
        for module, _ in self._forwards:
            vars(module).pop("forward", None)

    def _observe(self, observing: bool) -> None:
        for rounding in self._roundings.values():
            rounding.observing = observing
