"""What others make of the same model: ONNX Runtime's own quantizer, and OpenVINO, both as their users call them."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from crnn_deploy.artifact import Artifact, read_onnx, write_onnx
from crnn_deploy.runtime.outputs import batch_first

# OpenVINO's names of layers that multiply by weights.
OPENVINO_PRODUCTS = ("Convolution", "FullyConnected", "MatMul", "RNNCell", "RNNSeq")

Shape = tuple[int, ...]


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds images, each a batch `[1, C, H, W]` of its own."""

    def __init__(self, input_name: str, images: Iterable[NDArray[np.float32]]) -> None:
        self._name = input_name
        self._images = iter(images)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        image = next(self._images, None)
        return None if image is None else {self._name: image}


def quantize_stock(model: Artifact, images: Iterable[NDArray[np.float32]], folder: Path) -> Artifact:
    """`quantize_static` after `quant_pre_process`: Q/DQ, U8S8, a scale per channel, min-max ranges."""
    prepared, quantized = (folder / f"{model.path.stem}.{kind}.onnx" for kind in ("prepared", "stock"))
    quant_pre_process(str(model.path), str(prepared))
    quantize_static(
        prepared,
        quantized,
        Reader(read_onnx(prepared).graph.input[0].name, images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return write_onnx(quantized, read_onnx(quantized), model.spec, force=True)


def openvino_version() -> str | None:
    """None where OpenVINO is not installed."""
    try:
        return importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return None


class OpenVinoSession:
    """A `Session` on OpenVINO's CPU plugin, set for the latency of one request.

    Args:
        precision: of what is not INT8, such as `f32`; None leaves it to OpenVINO, which takes BF16 where the processor
            has it.
        shape: `[N, C, H, W]` of all inputs to come, -1 for any size; None: what the file says. Sizes that are known
            make it faster. With a batch of any size, OpenVINO 2026.4.1 gives wrong logits for some INT8 files (9 dB
            for a student that has 35 dB with the batch fixed), so a caller should fix that.
    """

    runtime = "openvino"

    def __init__(self, artifact: Artifact, threads: int, precision: str | None, shape: Shape | None = None) -> None:
        import openvino

        self.spec = artifact.spec
        core = openvino.Core()
        model = core.read_model(artifact.path)
        if shape is not None:
            model.reshape(list(shape))
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # nobody else in the benchmark pins its threads
        }
        if precision is not None:
            options["INFERENCE_PRECISION_HINT"] = precision
        self._compiled = core.compile_model(model, "CPU", options)
        self._request = self._compiled.create_infer_request()

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`."""
        logits = self._request.infer([images], share_inputs=True)[0]
        return batch_first(logits, self.spec)

    def realised(self) -> str:
        """Which precision its layers run in."""
        facts = [node.get_rt_info() for node in self._compiled.get_runtime_model().get_ops()]
        kinds = [(fact["layerType"].astype(str), fact["runtimePrecision"].astype(str)) for fact in facts]
        counts = Counter(kind for kind in kinds if kind[0] in OPENVINO_PRODUCTS)
        return ", ".join(f"{count} × {layer} {precision}" for (layer, precision), count in sorted(counts.items()))
