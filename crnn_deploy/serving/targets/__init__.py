"""The targets of packages, a folder or file each; `registry.py` lists them."""
