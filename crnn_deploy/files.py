"""Atomic writes: a file is written under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.errors import InputError

_MARK = "~part"
_PACKAGE = "package:"

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where a file cannot grow: no space, or more than the user may have."""

LONGEST_NAME = 255
"""Bytes of a file name that all usual file systems take."""


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
    """A new temporary name in the folder of `path`, with the same suffix, and no longer than the system allows."""
    ending = f".{uuid.uuid4().hex[:8]}{_MARK}{path.suffix}"
    return path.with_name(f".{_cut(path.stem, LONGEST_NAME - 1 - len(os.fsencode(ending)))}{ending}")


def companion(path: Path, ending: str) -> Path:
    """The file `path` + `ending`; if that name is too long, a hash takes the place of its end."""
    name = os.fsencode(path.name)
    if len(name) + len(ending) <= LONGEST_NAME:
        return path.with_name(f"{path.name}{ending}")
    digest = f".{hashlib.sha256(name).hexdigest()[:8]}{ending}"
    return path.with_name(f"{_cut(path.name, LONGEST_NAME - len(digest))}{digest}")


def _cut(name: str, length: int) -> str:
    """The beginning of a name, in at most `length` bytes."""
    return os.fsencode(name)[: max(length, 0)].decode("utf-8", "ignore")


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

    Call it before long work. A link exists, wherever it points to: it is replaced, and the file behind it stays.
    """
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise unwritable(path, OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)))
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if not folder.is_dir():
        raise unwritable(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(folder, os.W_OK):
        raise unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if path.is_dir():
        raise InputError(f"{path} is a folder.", fix="Name a file with -o.")
    if os.path.lexists(path) and not force:
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


def is_leftover(path: Path) -> bool:
    """Whether the name is that of a temporary file or folder: one in writing, or one that a killed process left."""
    return re.fullmatch(rf"\..*\.[0-9a-f]{{8}}{_MARK}.*", path.name, re.DOTALL) is not None


def leftovers(folder: Path) -> list[Path]:
    """The temporary files and folders in `folder`."""
    return sorted(filter(is_leftover, folder.glob(f".*{_MARK}*")))


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that a killed process left in `folder`."""
    for path in leftovers(folder):
        remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, as far as that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


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
    """The folder for data that can be computed again: `$CRNN_DEPLOY_CACHE`, or a folder in the user's own cache.

    It is made with mode 0700: it holds libraries that are loaded, and what teachers read on the user's images. Where it
    cannot be made, the first file in it will tell.

    Raises:
        InputError: if others could put files into it: it is a link of another user, or all may write there.
    """
    named = os.environ.get("CRNN_DEPLOY_CACHE")
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crnn-deploy"
    folder = Path(named) if named else own
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not named:
            folder.chmod(0o700)  # earlier versions made it with the usual mode
    if folder.is_dir() and hasattr(os, "getuid"):
        trusted = {os.getuid(), 0}
        link, target = folder.lstat(), folder.stat()
        linked = stat.S_ISLNK(link.st_mode) and link.st_uid not in trusted
        foreign = os.getuid() != 0 and target.st_uid not in trusted
        if linked or foreign or target.st_mode & stat.S_IWOTH:
            raise InputError(
                f"Other users can change the cache folder {folder}.",
                "Libraries in it are loaded, so it must belong to you alone.",
                "Name another folder in the variable CRNN_DEPLOY_CACHE, or: chmod 700 FOLDER",
            )
    return folder


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
