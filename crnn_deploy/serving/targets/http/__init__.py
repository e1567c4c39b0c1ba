"""The target `http`: a server over the module of the target `python`."""
