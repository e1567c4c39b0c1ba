"""What a line costs: operations, bytes and time of its stages and of a network's nodes, and what one core can do.

`peaks` measures the core, `work` says how short a time that allows, `network` and `stages` count and time.
"""
