"""What the figures were measured on."""

from __future__ import annotations

import platform
import subprocess

import torch


def architecture(device: torch.device) -> str:
    """As nvcc names it: `sm90`."""
    major, minor = torch.cuda.get_device_capability(device)
    return f"sm{major}{minor}"


def machine_facts(device: torch.device) -> dict[str, str]:
    found = torch.cuda.get_device_properties(device)
    return {
        "GPU": f"{found.name}, {architecture(device)}, {found.multi_processor_count} multiprocessors, "
        f"{found.total_memory / 2**30:.0f} GiB",
        "driver": _asked("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "torch": torch.__version__,
        "CUDA of torch": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]
        "Python": platform.python_version(),
        "system": platform.platform(),
    }


def _asked(*command: str) -> str:
    """First line of what a program says; `unknown` where it isn't there."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return said.splitlines()[0] if said else "unknown"
