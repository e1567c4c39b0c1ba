"""Describe model files: spec, parameters, multiply-accumulates, number formats and lineage."""
