"""Describes the machine that the figures were measured on."""

from __future__ import annotations

import platform
import subprocess

import torch


def architecture(device: torch.device) -> str:
    """The GPU's architecture as nvcc names it, such as `sm90`."""
    major, minor = torch.cuda.get_device_capability(device)
    return f"sm{major}{minor}"


def machine_facts(device: torch.device) -> dict[str, str]:
    properties = torch.cuda.get_device_properties(device)
    return {
        "GPU": f"{properties.name}, {architecture(device)}, {properties.multi_processor_count} multiprocessors, "
        f"{properties.total_memory / 2**30:.0f} GiB",
        "driver": _first_line("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "torch": torch.__version__,
        "CUDA of torch": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]
        "Python": platform.python_version(),
        "system": platform.platform(),
    }


def _first_line(*command: str) -> str:
    """First line of a program's output; `unknown` if the program is missing or fails."""
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return output.splitlines()[0] if output else "unknown"
