"""Images with labels: sources, preprocessing, batches, overlap checks and a text-line renderer."""

from crnn_deploy.data.batching import Batch, batches
from crnn_deploy.data.overlap import check_disjoint, fingerprint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import Source
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset, sample
from crnn_deploy.data.sources.unlabelled import Unlabelled

__all__ = [
    "Batch",
    "Combined",
    "Preprocessor",
    "Source",
    "Subset",
    "Unlabelled",
    "batches",
    "check_disjoint",
    "fingerprint",
    "open_source",
    "sample",
]
