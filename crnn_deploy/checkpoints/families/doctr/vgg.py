"""docTR's `crnn_vgg16_bn`: VGG-16 with batch normalisation (arXiv 1409.1556); three poolings shrink only the height."""

from __future__ import annotations

from crnn_deploy.checkpoints.families.doctr.decoder import NAMES, with_decoder
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.listing import Listing, convolution
from crnn_deploy.checkpoints.families.tensor_names import NORM, WEIGHTS
from crnn_deploy.models.layers.options import Activation, BatchNorm, Pooling

# Place of each convolution among the features, and the window and stride of the pooling behind some of them.
_CONVOLUTIONS = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
_POOLING = {3: (2, 2), 10: (2, 2), 20: (2, 1), 30: (2, 1), 40: (2, 1)}
_PLACES = "|".join(map(str, _CONVOLUTIONS))
_NORMS = "|".join(str(place + 1) for place in _CONVOLUTIONS)


def _load(checkpoint: Checkpoint) -> Recognised:
    layers = Listing()
    for place in _CONVOLUTIONS:
        name = f"feat_extractor.{place}"
        layer = convolution(checkpoint, name)
        layers.add(layer, name)
        layers.add(BatchNorm(channels=layer.outputs), f"feat_extractor.{place + 1}")
        layers.add(Activation(function="relu"))
        if place in _POOLING:
            layers.add(Pooling(kind="max-pooling", kernel=_POOLING[place], stride=_POOLING[place]))
    return with_decoder(layers, checkpoint, layer.outputs)


FAMILY = WeightsFamily(
    name="doctr-vgg",
    about="docTR's crnn_vgg16_bn: VGG-16 features and two BiLSTMs.",
    files="crnn_vgg16_bn.pt, or pytorch_model.bin with config.json beside it",
    example="import crnn_vgg16_bn.pt -o doctr.safetensors",
    names=(
        rf"feat_extractor\.({_PLACES}){WEIGHTS}",
        rf"feat_extractor\.({_NORMS}){NORM}",
        *NAMES,
    ),
    load=_load,
)
