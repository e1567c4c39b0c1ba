"""Runs the TensorRT plugin `CrnnGru` without TensorRT, for tests and benchmarks.

`host` has the classes to use. `library` compiles and loads `host.cc`, which calls the plugin as TensorRT would.
"""
