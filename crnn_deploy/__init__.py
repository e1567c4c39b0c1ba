"""crnn-deploy: from trained CRNN checkpoints to small, fast models whose decoded text has been checked.

`crnn_deploy.api` has every verb of the command line as a function.
"""

import os

__version__ = "0.1.0"

# Its official builds send events to their maker. It is read when ONNX Runtime is loaded, so it is set before that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
