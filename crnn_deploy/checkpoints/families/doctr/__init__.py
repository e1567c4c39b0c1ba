"""docTR's CRNNs (`python-doctr`): three networks, which share their preprocessing and their vocabularies."""
