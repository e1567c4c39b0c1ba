"""A node of the plugin as TensorRT shows it: shapes and types of its tensors."""

from __future__ import annotations

from plugin_host.library import FLOAT, INT32, Tensor

HIDDEN, BATCH, STEPS = 96, 2, 5
DIRECTIONS = ("forward", "reverse", "bidirectional")
OPTIONAL = ((), ("lengths",), ("initial",), ("lengths", "initial"))


def tensors(direction: str = "forward", element: int = FLOAT, optional: tuple[str, ...] = ()) -> list[Tensor]:
    """The inputs and the output of a valid node."""
    d = 2 if direction == "bidirectional" else 1
    optionals = {"lengths": Tensor((BATCH,), INT32), "initial": Tensor((d, BATCH, HIDDEN), element)}
    return [
        Tensor((BATCH, STEPS, d * 3 * HIDDEN), element),
        Tensor((d, 3 * HIDDEN, HIDDEN), element),
        Tensor((d, HIDDEN), element),
        *(optionals[name] for name in optional),
        Tensor((BATCH, STEPS, d * HIDDEN), element),
    ]
