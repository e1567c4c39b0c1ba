"""The family of kraken's recognisers (https://kraken.re, Kiessling): from its files to our spec and weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crnn_deploy.artifact import safetensors_metadata
from crnn_deploy.checkpoints.families.family import FileFamily, Recognised
from crnn_deploy.checkpoints.families.kraken.codec import codec_fields
from crnn_deploy.checkpoints.families.kraken.coreml import read_coreml
from crnn_deploy.checkpoints.families.kraken.network import NetworkListing
from crnn_deploy.checkpoints.families.kraken.safetensors_file import META_KEY, read_models
from crnn_deploy.checkpoints.families.kraken.stored import StoredModel
from crnn_deploy.checkpoints.families.kraken.vgsl import Network, parse_vgsl, refused
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible

_MARGIN = 16  # columns of paper that kraken's recognition adds on both sides of a scaled line
_MAX_WIDTH = 16384
_ROWS_AS_CHANNELS = 3  # an input of height 1 with more channels has the rows of a grey line as its channels


def _opens(path: Path) -> bool:
    if path.suffix == ".mlmodel":
        return True
    try:
        return path.suffix == ".safetensors" and META_KEY in safetensors_metadata(path)
    except InputError:  # broken: whoever reads the weights says why
        return False


def _read(path: Path) -> Recognised:
    """The recogniser in a file; normalisation of lines and decoding as kraken 7.1's `RecognitionTaskModel` has them."""
    models = [read_coreml(path)] if path.suffix == ".mlmodel" else read_models(path)
    model = _recogniser(models, path)
    network = parse_vgsl(model.vgsl)
    listing = NetworkListing(network, model.tensors)
    fields = {
        **codec_fields(model.codec, listing.outputs),
        "text_order": "display",  # kraken puts labels into it, and nothing in a file says whether that was turned off
        "preprocessing": _preprocessing(network, model.segmentation),
        "architecture": listing.layers.architecture(),
    }
    return Recognised(fields, listing.layers.renamed(model.tensors), listing.outputs)


def _recogniser(models: list[StoredModel], path: Path) -> StoredModel:
    """The only model for the recognition of text; one for which nothing is said counts as such."""
    fitting = [model for model in models if "recognition" in model.tasks or not model.tasks]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"{path} holds {len(fitting)} models for recognition: {', '.join(_name(model) for model in fitting[:5])}.",
            "It is not known which of them is wanted.",
            "Write a file with only one of them with kraken.",
        )
    tasks = sorted({task for model in models for task in model.tasks})
    raise InputError(
        f"{path} holds no model for recognition, but for {visible(', '.join(tasks)[:80])}.",
        "Segmentation models find lines on pages; crnn-deploy is for models that read lines.",
    )


def _name(model: StoredModel) -> str:
    return visible(model.name[:40])


def _preprocessing(network: Network, segmentation: object) -> dict[str, Any]:
    """What kraken makes of a line.

    It scales a line of a `baselines` model to the height with Lanczos, and finds the center line of any other: models
    without `seg_type` are from the time before baselines.
    """
    height, channels = network.height, network.channels
    if height == 1 and channels > _ROWS_AS_CHANNELS:
        height, channels = channels, 1
    if height < 2 or channels not in (1, 3):
        raise refused(
            f"{network.height},{network.width},{network.channels}",
            "lines need a fixed height, and grey or RGB images",
        )
    fixed = network.width > 0
    return {
        "channels": "L" if channels == 1 else "RGB",
        "height": height,
        "width": network.width or None,
        "width_rounding": "floor",
        "width_multiple": 1,
        "min_width": 1,
        "max_width": _MAX_WIDTH,
        "resize": "lanczos",
        "mean": (0.0,),
        "std": (1.0,),
        "padding": "white",
        "margin": 0 if fixed else _MARGIN,
        "invert": True,
        "centerline": not fixed and channels == 1 and segmentation != "baselines",
    }


FAMILY = FileFamily(
    name="kraken",
    about="kraken's text recognisers, networks in VGSL, from its .mlmodel and .safetensors files.",
    files="model.mlmodel, model.safetensors",
    example="import model.mlmodel -o kraken.safetensors",
    opens=_opens,
    read=_read,
)
