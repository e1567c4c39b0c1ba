"""The parts of the four-stage framework of deep-text-recognition-benchmark, from which EasyOCR's networks descend.

Baek et al., "What Is Wrong With Scene Text Recognition Model Comparisons?" (arXiv 1904.01906). The sizes come from the
shapes of the weights.
"""

from __future__ import annotations

from crnn_deploy.checkpoints.families.family import Checkpoint
from crnn_deploy.checkpoints.families.listing import Listing, convolution
from crnn_deploy.checkpoints.families.tensor_names import LSTM, NORM, WEIGHTS
from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.options import (
    Activation,
    BatchNorm,
    Layer,
    Linear,
    Mean,
    Pooling,
    Recurrent,
    Residual,
    Sequence,
)
from crnn_deploy.models.layers.scene_text_options import GatedRecurrentConvolution

FEATURES = "FeatureExtraction.ConvNet"
SEQUENCE_NAMES = (
    rf"SequenceModeling\.\d+\.rnn{LSTM}",
    rf"SequenceModeling\.\d+\.linear{WEIGHTS}",
)
HEAD_NAMES = rf"Prediction{WEIGHTS}"
RESNET_NAMES = (
    r"FeatureExtraction\.ConvNet\.(conv0_[12]|conv[123]|conv4_[12])\.weight",
    rf"FeatureExtraction\.ConvNet\.(bn0_[12]|bn[123]|bn4_[12]){NORM}",
    r"FeatureExtraction\.ConvNet\.layer[1-4]\.\d+\.(conv[12]|downsample\.0)\.weight",
    rf"FeatureExtraction\.ConvNet\.layer[1-4]\.\d+\.(bn[12]|downsample\.1){NORM}",
)

_HALF = Pooling(kind="max-pooling", kernel=(2, 2), stride=(2, 2))
_LOWER = Pooling(kind="max-pooling", kernel=(2, 1), stride=(2, 1))
_LOWER_OVERLAPPING = Pooling(kind="max-pooling", kernel=(2, 2), stride=(2, 1), padding=(0, 1))
_RELU = Activation(function="relu")

# Of the VGG: each convolution, its batch norm if any, and the pooling after it.
_VGG = ((0, None, _HALF), (3, None, _HALF), (6, None, None), (8, None, _LOWER), (11, 12, None), (14, 15, _LOWER))
_VGG_LAST = 18
_RECURRENT = ((3, _HALF), (5, _LOWER_OVERLAPPING), (7, _LOWER_OVERLAPPING))
_GATED_PARTS = {"input": "wf_u", "state": "wr_x", "gate_input": "wgf_u", "gate_state": "wgr_x", "norm": "BN_x_init"}
_GATED_NORMS = {"input": "BN_fu", "state": "BN_rx", "gate_input": "BN_gfu", "gate_state": "BN_grx", "gated": "BN_Gx"}


def colours(checkpoint: Checkpoint, first: str) -> str:
    """The field `channels` of the preprocessing, by the first convolution. Raises `InputError` for other numbers."""
    inputs = checkpoint.size(f"{first}.weight", 1)
    if inputs not in (1, 3):
        raise InputError(f"{checkpoint.path} reads images of {inputs} channels.", "Known are 1, grey, and 3, RGB.")
    return "L" if inputs == 1 else "RGB"


def add_vgg(layers: Listing, checkpoint: Checkpoint) -> None:
    """Seven convolutions, after the CRNN paper."""
    for number, norm, pooling in _VGG:
        _add_convolution(layers, checkpoint, f"{FEATURES}.{number}", f"{FEATURES}.{norm}" if norm else "")
        if pooling is not None:
            layers.add(pooling)
    _add_convolution(layers, checkpoint, f"{FEATURES}.{_VGG_LAST}", margin=(0, 0))


def add_recurrent_convolutions(layers: Listing, checkpoint: Checkpoint) -> None:
    """Three gated recurrent convolutions between two plain ones."""
    _add_convolution(layers, checkpoint, f"{FEATURES}.0")
    layers.add(_HALF)
    for number, pooling in _RECURRENT:
        name = f"{FEATURES}.{number}"
        outputs, inputs, kernel = (checkpoint.size(f"{name}.wf_u.weight", axis) for axis in range(3))
        count = checkpoint.count(rf"FeatureExtraction\.ConvNet\.{number}\.GRCL\.\d+\.BN_fu\.weight")
        weights = {ours: f"{name}.{theirs}" for ours, theirs in _GATED_PARTS.items()}
        for index in range(count):
            norms = {f"iterations.{index}.{ours}": f"{name}.GRCL.{index}.{his}" for ours, his in _GATED_NORMS.items()}
            weights.update(norms)
        layer = GatedRecurrentConvolution(inputs=inputs, outputs=outputs, kernel=kernel, iterations=count)
        layers.add(layer, weights)
        layers.add(pooling)
    _add_convolution(layers, checkpoint, f"{FEATURES}.9", f"{FEATURES}.10", margin=(0, 0))


def add_resnet(layers: Listing, checkpoint: Checkpoint) -> None:
    """Residual blocks in four stages (Cheng et al., "Focusing Attention", ICCV 2017)."""
    for part in ("0_1", "0_2"):
        _add_stage_convolution(layers, checkpoint, part)
    for stage, pooling in ((1, _HALF), (2, _HALF), (3, _LOWER_OVERLAPPING)):
        layers.add(pooling)
        _add_blocks(layers, checkpoint, stage)
        _add_stage_convolution(layers, checkpoint, str(stage))
    _add_blocks(layers, checkpoint, 4)
    _add_stage_convolution(layers, checkpoint, "4_1", stride=(2, 1), margin=(0, 1))
    _add_stage_convolution(layers, checkpoint, "4_2", margin=(0, 0))


def add_reading(layers: Listing, checkpoint: Checkpoint) -> int:
    """The mean of each column, the bidirectional LSTMs, if any, and the head; returns the number of classes."""
    layers.add(Mean(over="height"))
    layers.add(Sequence())
    for index in range(checkpoint.count(r"SequenceModeling\.\d+\.linear\.weight")):
        name = f"SequenceModeling.{index}"
        inputs, hidden = (checkpoint.size(f"{name}.rnn.weight_{gates}_l0", 1) for gates in ("ih", "hh"))
        layers.add(Recurrent(kind="lstm", inputs=inputs, hidden=hidden), {"rnn": f"{name}.rnn"})
        _add_linear(layers, checkpoint, f"{name}.linear")
    return _add_linear(layers, checkpoint, "Prediction")


def _add_linear(layers: Listing, checkpoint: Checkpoint, name: str) -> int:
    outputs, inputs = (checkpoint.size(f"{name}.weight", axis) for axis in range(2))
    layers.add(Linear(inputs=inputs, outputs=outputs), name)
    return outputs


def _add_stage_convolution(
    layers: Listing,
    checkpoint: Checkpoint,
    part: str,
    stride: tuple[int, int] = (1, 1),
    margin: tuple[int, int] = (1, 1),
) -> None:
    _add_convolution(layers, checkpoint, f"{FEATURES}.conv{part}", f"{FEATURES}.bn{part}", stride, margin)


def _add_convolution(
    layers: Listing,
    checkpoint: Checkpoint,
    name: str,
    norm: str = "",
    stride: tuple[int, int] = (1, 1),
    margin: tuple[int, int] = (1, 1),
) -> None:
    """A convolution, its batch norm if it has one, and ReLU."""
    layers.add(convolution(checkpoint, name, stride, margin), name)
    if norm:
        layers.add(BatchNorm(channels=checkpoint.size(f"{name}.weight", 0)), norm)
    layers.add(_RELU)


def _add_blocks(layers: Listing, checkpoint: Checkpoint, stage: int) -> None:
    for index in range(checkpoint.count(rf"FeatureExtraction\.ConvNet\.layer{stage}\.\d+\.conv1\.weight")):
        name = f"{FEATURES}.layer{stage}.{index}"
        first, second = (convolution(checkpoint, f"{name}.{part}", margin=(1, 1)) for part in ("conv1", "conv2"))
        norms = [BatchNorm(channels=convolution.outputs) for convolution in (first, second)]
        weights = {"body.0": "conv1", "body.1": "bn1", "body.3": "conv2", "body.4": "bn2"}
        body = (first, norms[0], _RELU, second, norms[1])
        shortcut: tuple[Layer, ...] = ()
        if f"{name}.downsample.0.weight" in checkpoint.tensors:
            projection = convolution(checkpoint, f"{name}.downsample.0", margin=(0, 0))
            shortcut = (projection, BatchNorm(channels=projection.outputs))
            weights |= {"shortcut.0": "downsample.0", "shortcut.1": "downsample.1"}
        prefixed = {ours: f"{name}.{theirs}" for ours, theirs in weights.items()}
        layers.add(Residual(body=body, shortcut=shortcut), prefixed)
        layers.add(_RELU)
