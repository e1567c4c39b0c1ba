"""A network that computes as its INT8 form will, while it learns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from crnn_deploy.errors import InputError
from crnn_deploy.training.qat.products import RoundedConvolution, RoundedLinear, pass_on
from crnn_deploy.training.qat.recurrence import RoundedRecurrence
from crnn_deploy.training.qat.rounding import ActivationRounding
from crnn_deploy.training.qat.survey import Product, survey


class QuantizationAware:
    """Makes a model round as `quantize` for CPUs will, in place, until `detach`.

    What convolutions take and give and linear layers take is UINT8, weights are INT8 per output channel with batch norm
    folded, GRU and LSTM layers round as our kernels do. Biases, logits, and all that is computed between such layers
    stay float. After Jacob et al., arXiv 1712.05877.

    The model keeps its parameters, what they mean, and the names in its `state_dict`; statistics of batch norm that is
    folded are frozen. A deep copy of the model rounds too, on its own. Train in FP32: BF16 saves hardly any time here.

    Args:
        model: a network that takes images; on whatever device.
        images: `[N, C, H, W]`, on the same device, to see which tensors there are and to observe their ranges.
        keep_float: names of modules whose layers stay in FP32; their weights are rounded all the same, as they are
            stored in INT8.

    Raises:
        InputError: if the model has no module of a name in `keep_float`.
    """

    def __init__(self, model: nn.Module, images: Tensor, keep_float: Collection[str] = ()) -> None:
        in_float = _within(model, keep_float)
        self.model = model
        self._forwards: list[tuple[nn.Module, Callable[[Tensor], object]]] = []
        self._roundings: dict[str, ActivationRounding] = {}
        self._hooks: list[RemovableHandle] = []
        for product in survey(model, images, in_float):
            self._take_in(product)
        for name, module in model.named_modules():
            if isinstance(module, nn.GRU | nn.LSTM):
                self._forwards.append((module, RoundedRecurrence(module, rounds=name not in in_float)))
        self.observe(images)

    @torch.no_grad()
    def observe(self, images: Tensor) -> None:
        """Fit the ranges of activations to those for `images`, `[N, C, H, W]`, which are read without any rounding.

        A range widens at once and narrows slowly. Call this with some batches before training, and now and then while
        the weights change.
        """
        training = self.model.training
        self._compute_plainly()
        self._observe(True)
        try:
            self.model.eval()(images)
        finally:
            self.model.train(training)
            self._observe(False)
            for module, forward in self._forwards:
                vars(module)["forward"] = forward  # found before the class's own; deep copies of the model copy it

    def detach(self) -> None:
        """Let the model compute in floating point again, with the weights that it has now."""
        self._compute_plainly()
        for hook in self._hooks:
            hook.remove()

    def state_dict(self) -> dict[str, tuple[float, float]]:
        """The range of each rounded tensor, by the name of the module that it enters or leaves."""
        return {name: rounding.range for name, rounding in self._roundings.items() if rounding.range is not None}

    def load_state_dict(self, state: Mapping[str, tuple[float, float]]) -> None:
        """Take the ranges of another one of the same model."""
        for name, rounding in self._roundings.items():
            low, high = state[name]
            rounding.range = low, high

    def _take_in(self, product: Product) -> None:
        """Have a product computed with rounded weights and, if it runs in INT8, round what it takes and gives."""
        module = self.model.get_submodule(product.name)
        if product.entrance is not None and f"{product.entrance}.input" not in self._roundings:
            rounding = self._roundings[f"{product.entrance}.input"] = ActivationRounding()
            entrance = self.model.get_submodule(product.entrance)
            self._hooks.append(entrance.register_forward_pre_hook(rounding.entering))
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
                self._hooks.append((norm or module).register_forward_hook(rounding.leaving))

    def _compute_plainly(self) -> None:
        for module, _ in self._forwards:
            vars(module).pop("forward", None)

    def _observe(self, observing: bool) -> None:
        for rounding in self._roundings.values():
            rounding.observing = observing


def _within(model: nn.Module, names: Collection[str]) -> set[str]:
    """The given modules and all that they contain."""
    modules = dict(model.named_modules())
    unknown = sorted(set(names) - modules.keys())
    if unknown:
        raise InputError(
            f"The model has no layer '{unknown[0]}' to keep in FP32.",
            fix=f"Its parts: {', '.join(name for name, _ in model.named_children())}.",
        )
    return {f"{name}.{inner}".strip(".") for name in names for inner, _ in modules[name].named_modules()}
