"""A real Triton server, on a CPU, for tests and benchmarks.

`server` starts the server that comes in the wheel of nvidia-pytriton; `make .venv/triton` installs it into a folder of
its own. `clients` asks it through tritonclient, in a process that imports from that folder.
"""
