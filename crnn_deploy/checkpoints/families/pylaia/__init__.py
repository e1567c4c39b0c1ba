"""PyLaia's CRNNs: weights, the file `model` that defines the network, and the table of symbols."""
