"""ONNX Runtime on the CPU, or on a GPU where that is asked for and possible."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.errors import InputError
from crnn_deploy.native import kernel_level, ort_custom_ops_path
from crnn_deploy.onnx_graph.execution import CPU, quiet_options
from crnn_deploy.runtime.gpu_providers import gpu_providers
from crnn_deploy.runtime.network import Network
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.trial import check_trial, trial_batch
from crnn_deploy.spec import ModelSpec


def session_options(threads: int | None = None) -> ort.SessionOptions:
    """Options of a quiet session, with our recurrent kernels where they are compiled."""
    options = quiet_options(threads)
    # Idle threads that spin after a run take processor time from the next one, such as another model being timed.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if kernel_level() is not None:
        options.register_custom_ops_library(str(ort_custom_ops_path()))
    return options


def open_network(
    model: onnx.ModelProto | Path, threads: int | None = None, title: str = "the model", gpu: int | None = None
) -> Network:
    """A graph in memory, or in a file, in ONNX Runtime.

    Args:
        gpu: the number of a GPU that runs it if a provider for it can be started. Otherwise the CPU does.

    Raises:
        InputError: if ONNX Runtime refuses it, or it doesn't take one image.
    """
    for provider in () if gpu is None else gpu_providers(gpu):
        with suppress(InputError):
            # Without our recurrent kernels, which would run on the CPU.
            network = Network(model, quiet_options(threads), title, [provider, CPU])
            if network.provider == provider[0]:
                return network
    return Network(model, session_options(threads), title)


class OnnxGraphSession:
    """A `Session` over a graph in memory or in a file; the arguments are those of `open_network`.

    Graphs that take a fixed number of images at once run in parts of that size.

    Raises:
        InputError: if ONNX Runtime refuses the graph, or it has no output with logits.
    """

    runtime = "onnxruntime"

    def __init__(
        self,
        model: onnx.ModelProto | Path,
        spec: ModelSpec,
        threads: int | None = None,
        title: str = "the model",
        gpu: int | None = None,
    ) -> None:
        self.spec = spec
        self.network = open_network(model, threads, title, gpu)
        self.output = self.network.logits_output(spec)

    def run(self, images: NetworkInput) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`.

        Raises:
            InputError: if ONNX Runtime fails.
        """
        parts = [self._logits(self.network.run(part, [self.output])[0]) for part in self.network.in_parts(images)]
        return self.network.in_order(parts, images)

    def try_out(self) -> None:
        """Run one small input.

        Raises:
            InputError: if ONNX Runtime fails or takes very long, or the result has not the axes of the spec.
        """
        network = self.network
        images = trial_batch(self.spec, network.batch or 1)
        (logits,) = network.try_out(images, [self.output])
        if logits.ndim != self.spec.output_axes or len(self._logits(logits)) != len(images):
            layout = f" (layout {self.spec.output_layout})" if self.spec.task == "ctc" else ""
            raise InputError(
                f"The output of {network.title} differs from the spec.",
                f"A batch of {len(images)} gave {list(logits.shape)}, expected {self.spec.output_axes} axes and "
                f"{len(images)} first{layout}.",
                "Correct `task` or `output_layout` in the spec.",
            )
        check_trial(logits, network.title)

    def _logits(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        return batch_first(output, self.spec).astype(np.float32, copy=False)


class OnnxRuntimeSession(OnnxGraphSession):
    """A `Session` over an `.onnx` artifact, tried out on one small input.

    Raises:
        InputError: if ONNX Runtime refuses the file, or it doesn't fit its spec.
    """

    def __init__(self, artifact: Artifact, threads: int | None = None, gpu: int | None = None) -> None:
        super().__init__(artifact.path, artifact.spec, threads, str(artifact.path), gpu)
        self.try_out()
