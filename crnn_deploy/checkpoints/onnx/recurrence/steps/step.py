"""Reads what the nodes of a step compute."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from crnn_deploy.checkpoints.onnx.recurrence.steps.operators import Constant, Operand, computed
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import UnreadableError, Value

_DEEPEST = 100  # nodes after each other in one step


class Step:
    """The values of tensors in a graph, given those of some: states, inputs, constants.

    Args:
        makers: the node that makes each tensor, of the nodes that may be read.
        constants: constant tensors.
        bound: the values of tensors that are given.
    """

    def __init__(
        self,
        makers: Mapping[str, onnx.NodeProto],
        constants: Mapping[str, Constant],
        bound: Mapping[str, Value],
    ) -> None:
        self._makers = makers
        self._constants = constants
        self._known: dict[str, Operand] = dict(bound)
        self._unread: set[str] = set()
        self._replaced: dict[str, Value] = {}

    def replace(self, value: Value, by: Value) -> None:
        """From now on, `by` stands for what has the value `value`."""
        self._replaced[value.key] = by
        self._known = {name: self._after_replacement(known) for name, known in self._known.items()}

    def value(self, name: str) -> Value:
        """The value of a tensor.

        Raises:
            UnreadableError: if it has none that depends on what is given alone.
        """
        found = self._operand(name, 0)
        if not isinstance(found, Value):
            raise UnreadableError(f"{name} is constant")
        return found

    def readable(self, name: str) -> Value | None:
        """The value of a tensor, or None."""
        try:
            return self.value(name)
        except UnreadableError:
            return None

    def _operand(self, name: str, depth: int) -> Operand:
        if name in self._known:
            return self._known[name]
        if name in self._constants:
            return self._constants[name]
        if name in self._unread or depth > _DEEPEST:
            raise UnreadableError(name)
        self._unread.add(name)  # until it is known; nodes in a circle end here
        maker = self._makers.get(name)
        if maker is None:
            raise UnreadableError(name)
        inputs = [self._operand(given, depth + 1) for given in maker.input if given]
        found = computed(maker, inputs, list(maker.output).index(name))
        self._unread.discard(name)
        self._known[name] = found = self._after_replacement(found)
        return found

    def _after_replacement(self, found: Operand) -> Operand:
        return self._replaced.get(found.key, found) if self._replaced and isinstance(found, Value) else found
