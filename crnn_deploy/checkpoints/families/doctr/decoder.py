"""The part behind the features that all of docTR's CRNNs share: two BiLSTMs in one node, and a linear layer."""

from __future__ import annotations

from crnn_deploy.checkpoints.families.doctr.reading import reading_fields
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised
from crnn_deploy.checkpoints.families.listing import Listing
from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.options import Linear, Recurrent, Sequence

NAMES = (r"decoder\.(weight|bias)_[ih]h_l\d+(_reverse)?", r"linear\.(weight|bias)")
_ROWS = 32  # pixels of the height of the input for each row of the features, in all three networks


def with_decoder(layers: Listing, checkpoint: Checkpoint, channels: int) -> Recognised:
    """Add the decoder behind features of `channels` channels. Raises `InputError` where sizes contradict each other."""
    features = checkpoint.size("decoder.weight_ih_l0", 1)
    hidden = checkpoint.size("decoder.weight_hh_l0", 1)
    outputs = checkpoint.size("linear.weight", 0)
    if features % channels:
        raise InputError(
            f"The LSTM of {checkpoint.path} takes {features} features, and the convolutions give {channels} channels.",
            "A frame has all channels of each row, so one number must be a multiple of the other.",
        )
    layers.add(Sequence(along="width", order="channels"))
    depth = checkpoint.count(r"decoder\.weight_hh_l\d+")
    layers.add(Recurrent(kind="lstm", inputs=features, hidden=hidden, layers=depth), {"rnn": "decoder"})
    layers.add(Linear(inputs=2 * hidden, outputs=outputs), "linear")
    height = features // channels * _ROWS
    fields, reason = reading_fields(checkpoint.path, outputs, height, checkpoint.language)
    fields["architecture"] = layers.architecture()
    return Recognised(fields, layers.renamed(checkpoint.tensors), outputs, reason)
