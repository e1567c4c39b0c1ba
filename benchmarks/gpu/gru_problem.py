"""Random inputs for the plugin, and PyTorch's GRU, which computes the expected output."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

GATES = 3
GUARD_BYTES = 4096
_GUARD = 0xFF  # bytes that read as NaN


@dataclass(frozen=True)
class Shape:
    """Sizes and options of one call of the recurrence, which maps gates `[N, T, D·3H]` to `[N, T, D·H]`."""

    batch: int
    steps: int
    hidden: int
    directions: int = 2
    half: bool = True
    lengths: bool = False
    initial: bool = False
    reverse: bool = False

    @property
    def dtype(self) -> torch.dtype:
        return torch.float16 if self.half else torch.float32

    @property
    def direction(self) -> str:
        """Value of the attribute `direction` of an ONNX node."""
        return "bidirectional" if self.directions == 2 else "reverse" if self.reverse else "forward"

    def __str__(self) -> str:
        options = [name for name in ("lengths", "initial") if getattr(self, name)]
        kind = "fp16" if self.half else "fp32"
        return " ".join([kind, f"N={self.batch} T={self.steps} H={self.hidden}", self.direction, *options])


@dataclass(frozen=True)
class Problem:
    """Inputs of one call. Gates are in ONNX's order z, r, h.

    Attributes:
        gates: `[N, T, D·3H]`.
        recurrent: `[D, 3H, H]`.
        bias: `[D, H]`, the bias of the candidate's recurrent product.
        lengths: `[N]`, INT32.
        initial: `[D, N, H]`.
    """

    shape: Shape
    gates: Tensor
    recurrent: Tensor
    bias: Tensor
    lengths: Tensor | None
    initial: Tensor | None

    @property
    def tensors(self) -> list[Tensor]:
        """All inputs except absent ones, in the plugin's order."""
        every = (self.gates, self.recurrent, self.bias, self.lengths, self.initial)
        return [tensor for tensor in every if tensor is not None]

    @property
    def output_shape(self) -> tuple[int, int, int]:
        return self.shape.batch, self.shape.steps, self.shape.directions * self.shape.hidden


def draw(shape: Shape, device: torch.device, seed: int) -> Problem:
    """Random inputs, with gates in the whole range of sigmoid and tanh. Each tensor is between guards."""
    n, t, h, d = shape.batch, shape.steps, shape.hidden, shape.directions
    random = torch.Generator(device).manual_seed(seed)

    def normal(*sizes: int) -> Tensor:
        return torch.randn(sizes, generator=random, device=device)

    def placed(values: Tensor) -> Tensor:
        return guarded(values.to(shape.dtype))

    lengths = torch.randint(0, t + 1, (n,), generator=random, dtype=torch.int32, device=device)
    initial = torch.empty(d, n, h, device=device).uniform_(-1, 1, generator=random)
    return Problem(
        shape=shape,
        gates=placed(2 * normal(n, t, d * GATES * h)),
        recurrent=placed(normal(d, GATES * h, h) / h**0.5),
        bias=placed(normal(d, h)),
        lengths=guarded(lengths) if shape.lengths else None,
        initial=placed(initial) if shape.initial else None,
    )


def guarded(values: Tensor) -> Tensor:
    """A copy of `values` between guards: bytes that read as NaN.

    A read outside of the copy makes the result NaN, and a write changes the guards.
    """
    memory = torch.full((values.nbytes + 2 * GUARD_BYTES,), _GUARD, dtype=torch.uint8, device=values.device)
    inside = memory[GUARD_BYTES : GUARD_BYTES + values.nbytes].view(values.dtype).view(values.shape)
    inside.copy_(values)
    return inside


def unwritten(problem: Problem) -> Tensor:
    """Memory for the output, filled with NaN, between guards."""
    return guarded(problem.gates.new_full(problem.output_shape, torch.nan))


def guards_are_whole(tensor: Tensor) -> bool:
    """Whether the guards of a tensor from `guarded` are unchanged."""
    memory = torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(tensor.untyped_storage())
    return bool((memory[:GUARD_BYTES] == _GUARD).all() and (memory[GUARD_BYTES + tensor.nbytes :] == _GUARD).all())


def torch_result(problem: Problem, dtype: torch.dtype) -> Tensor:
    """Output `[N, T, D·H]` of `torch.nn.GRU` in `dtype` for the gates as input: its input weights are the identity."""
    shape = problem.shape
    layer = _identity_layer(problem, dtype)
    gates = problem.gates.to(dtype)
    initial = torch.zeros(shape.directions, shape.batch, shape.hidden, dtype=dtype, device=gates.device)
    if problem.initial is not None:
        initial = problem.initial.to(dtype)
    if shape.reverse:
        return _reversed(_run(layer, _reversed(gates, problem.lengths), problem.lengths, initial), problem.lengths)
    return _run(layer, gates, problem.lengths, initial)


def onnx_order(blocks: Tensor) -> Tensor:
    """Converts PyTorch's order of gates r, z, n to ONNX's z, r, h, or back. Gates are blocks of the first dimension."""
    first, second, third = blocks.chunk(GATES)
    return torch.cat((second, first, third))


def _identity_layer(problem: Problem, dtype: torch.dtype) -> nn.GRU:
    shape, rows = problem.shape, GATES * problem.shape.hidden
    identity = torch.eye(shape.directions * rows, dtype=dtype, device=problem.gates.device)
    layer = nn.GRU(
        shape.directions * rows,
        shape.hidden,
        batch_first=True,
        bidirectional=shape.directions == 2,
        dtype=dtype,
        device=identity.device,
    )
    for direction, suffix in zip(range(shape.directions), ("", "_reverse"), strict=False):
        bias = identity.new_zeros(rows)
        bias[2 * shape.hidden :] = problem.bias[direction]
        weights = {
            "weight_ih": onnx_order(identity[direction * rows : (direction + 1) * rows]),
            "weight_hh": onnx_order(problem.recurrent[direction]),
            "bias_ih": torch.zeros_like(bias),
            "bias_hh": bias,
        }
        for name, value in weights.items():
            getattr(layer, f"{name}_l0{suffix}").data.copy_(value)
    return layer.requires_grad_(False)


def _run(layer: nn.GRU, gates: Tensor, lengths: Tensor | None, initial: Tensor) -> Tensor:
    if lengths is None:
        everything: Tensor = layer(gates, initial)[0]
        return everything
    output = torch.zeros(*gates.shape[:2], initial.shape[0] * initial.shape[2], dtype=gates.dtype, device=gates.device)
    nonempty = lengths.nonzero().flatten().long()  # PyTorch refuses empty sequences
    if len(nonempty) == 0:
        return output
    packed = nn.utils.rnn.pack_padded_sequence(
        gates[nonempty], lengths[nonempty].long().cpu(), batch_first=True, enforce_sorted=False
    )
    packed_output, _ = layer(packed, initial[:, nonempty].contiguous())
    padded, _ = nn.utils.rnn.pad_packed_sequence(packed_output, batch_first=True, total_length=gates.shape[1])
    output[nonempty] = padded
    return output


def _reversed(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverses each sequence `[T, …]` of `values` `[N, T, …]` within its length."""
    if lengths is None:
        return values.flip(1)
    steps = torch.arange(values.shape[1], device=values.device)
    ends = lengths.long()[:, None]
    times = torch.where(steps < ends, ends - 1 - steps, steps)
    return values.gather(1, times[:, :, None].expand_as(values))
