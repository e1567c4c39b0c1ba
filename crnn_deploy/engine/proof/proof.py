"""Lower a graph so that nothing in it overflows, and compare it with its parent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import Lowered, LoweringOptions
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.proof.overflow import Peak, find_peaks, highest, overflowing
from crnn_deploy.engine.proof.rounding import rounded
from crnn_deploy.evaluation.model_comparison import compare_sessions
from crnn_deploy.runtime.onnxruntime import OnnxGraphSession
from crnn_deploy.spec import ModelSpec


@dataclass(frozen=True)
class Proven:
    """A lowered graph, and its comparison with its parent."""

    lowered: Lowered
    parity: LoweringParity


def prove(
    model: onnx.ModelProto,
    options: LoweringOptions,
    spec: ModelSpec,
    images: Iterable[NetworkInput],
    threads: int | None = None,
) -> Proven:
    """Lower `model`, keep nodes in FP32 whose values on the images FP16 can't hold, and compare the texts.

    An INT8 graph is compared with its parent, a Q/DQ graph, so the difference is that of FP16.

    Args:
        images: batches `[N, C, H, W]`; iterated twice.

    Raises:
        InputError: if the model can't be lowered to the precision.
    """
    lowered = lower(model, options)
    kept: tuple[str, ...] = ()
    peak: Peak | None = None
    if options.precision != "fp32":
        peaks = find_peaks(lowered.model, images, threads)
        peak = highest(lowered.model, peaks)
        kept = tuple(overflowing(lowered.model, peaks))
        if kept:
            lowered = lower(model, options.model_copy(update={"keep_fp32": (*options.keep_fp32, *kept)}))
    form = lowered.model if options.precision == "fp32" else rounded(lowered.model)
    parent, candidate = (OnnxGraphSession(graph, spec, threads) for graph in (model, form))
    parity = LoweringParity(
        **dict(compare_sessions(parent, candidate, images)),
        precision=options.precision,
        form="exact" if options.precision == "fp32" else "rounded",
        kept_fp32=kept,
        peak=None if peak is None else peak.magnitude,
        peak_node=None if peak is None else peak.node,
    )
    return Proven(lowered, parity)
