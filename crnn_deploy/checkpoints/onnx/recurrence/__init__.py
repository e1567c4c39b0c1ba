"""LSTMs and GRUs that an exporter wrote out as loops or as many small nodes: found, and put back into one node."""
