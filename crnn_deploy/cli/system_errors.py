"""What the operating system refuses: space, memory, files. No input is wrong then, and it is no bug."""

from __future__ import annotations

from crnn_deploy.errors import InputError, is_out_of_memory
from crnn_deploy.files import FULL_DISK


def refused_by_system(error: BaseException) -> InputError | None:
    """The error to show for a full disk, too little memory, or a file that can't be used; None for any other."""
    if is_out_of_memory(error):
        return InputError(
            "There is not enough memory.",
            f"{type(error).__name__}: {error}".removesuffix(": "),
            "Give smaller batches (--batch-size), images or models, or end other programs.",
        )
    if not isinstance(error, OSError) or error.errno is None:
        return None
    file = f" {error.filename}" if error.filename else ""
    if error.errno in FULL_DISK:
        what = f"No space left to write{file or ' the results'}."
        return InputError(what, fix="Free some space, or write to another disk.")
    return InputError(
        f"{file.strip() or 'A file'} cannot be used: {error.strerror or error}.",
        "The operating system refused it.",
        "Check the path and its permissions.",
    )
