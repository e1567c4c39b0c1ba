"""crnn-deploy: from trained CRNN checkpoints to small, fast models whose decoded text has been checked.

`crnn_deploy.api` has every verb of the command line as a function.
"""

__version__ = "0.1.0"
