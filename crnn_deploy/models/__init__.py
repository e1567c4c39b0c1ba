"""Networks: third-party families, CRNNs, MobileNet-GRU students, and the registry that builds them from a spec."""
