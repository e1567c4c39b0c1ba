"""What is inside wheels and source archives: it is printed, and compared with the files of the repository.

    python tests/distribution/contents.py dist/*

Exits with 1 if a file is missing or too much, or if a library lacks a level of kernels that its system can have.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
SDIST_ONLY = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}
X86 = ("avx512vnni", "avxvnni", "avx2", "portable")
# The levels of kernels that a library must have, by the system in the wheel's name.
LEVELS = {
    "manylinux.*_x86_64": ("amx", *X86),
    "manylinux.*_aarch64": ("neondot", "portable"),
    "macosx_.*_x86_64": X86,
    "macosx_.*_arm64": ("neondot", "portable"),
    "win_amd64": X86,
}


@dataclass(frozen=True)
class Distribution:
    """A wheel or a source archive.

    Attributes:
        files: the bytes of its files by name; those of a source archive without its folder.
    """

    path: Path
    files: dict[str, bytes]

    @property
    def is_wheel(self) -> bool:
        return self.path.suffix == ".whl"

    def metadata(self) -> str:
        """The fields and, below an empty line, the description."""
        name = next(name for name in self.files if name.endswith((".dist-info/METADATA", "PKG-INFO")))
        return self.files[name].decode()

    def levels(self) -> tuple[str, ...]:
        """The levels of kernels in the library, whether or not it can be loaded here; empty without a library."""
        library = next((data for name, data in self.files.items() if "crnn_deploy_ops." in name), b"")
        found = re.search(rb"levels:((?: [a-z0-9]+)+)\0", library)
        return tuple(found[1].decode().split()) if found else ()


def read(path: Path) -> Distribution:
    """Read a wheel or a source archive."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return Distribution(path, {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")})
    with tarfile.open(path) as archive:
        members = [(member, archive.extractfile(member)) for member in archive.getmembers()]
        return Distribution(path, {m.name.partition("/")[2]: data.read() for m, data in members if data})


def expected(wheel: bool) -> set[str]:
    """The files of the repository that a wheel or a source archive must hold, by their names in it."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "crnn_deploy", "recipes"]
    tracked = set(subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines())
    tracked = {name for name in tracked if (ROOT / name).is_file()}
    if not wheel:
        return tracked | SDIST_ONLY
    compiled = {name for name in tracked if re.fullmatch(r"crnn_deploy/native/[\w.]+(?<!\.py)", name)}
    compiled -= {f"crnn_deploy/native/{name}.h" for name in ("ctc_beam", "ngrams")}  # which packages for C++ hold
    return {re.sub("^recipes/", "crnn_deploy/recipes/", name) for name in tracked - compiled}


def file_faults(distribution: Distribution) -> list[str]:
    """Which files a wheel or a source archive lacks, and which do not belong there."""
    name = distribution.path.name
    made = {file for file in distribution.files if re.search(r"\.dist-info/|^PKG-INFO$|crnn_deploy_ops\.", file)}
    held, wanted = set(distribution.files) - made, expected(distribution.is_wheel)
    wrong = [f"{name}: {file} is missing" for file in sorted(wanted - held)]
    wrong += [f"{name}: {file} does not belong there" for file in sorted(held - wanted)]
    if distribution.is_wheel and not any(file.endswith("licenses/LICENSE") for file in made):
        wrong.append(f"{name}: LICENSE is missing")
    return wrong


def level_faults(wheel: Distribution) -> list[str]:
    """Which levels of kernels the library of a wheel lacks, of those that its system can have."""
    name, system = wheel.path.name, wheel.path.stem.rpartition("-")[2]
    wanted = next((levels for pattern, levels in LEVELS.items() if re.fullmatch(pattern, system)), None)
    if wanted is None:
        return [f"{name}: wheels are not made for {system}"]
    return [f"{name}: the library has no level {level}" for level in wanted if level not in wheel.levels()]


def summary(distribution: Distribution) -> str:
    """What is inside, in a few lines."""
    files = distribution.files
    unpacked = sum(map(len, files.values()))
    largest = sorted(files, key=lambda name: -len(files[name]))[:4]
    recipes = sorted(PurePosixPath(name).stem for name in files if "recipes/" in name)
    kinds = Counter(PurePosixPath(name).suffix or PurePosixPath(name).name for name in files)
    typed = "py.typed" if "crnn_deploy/py.typed" in files else "no py.typed"
    rows = {
        "size": f"{distribution.path.stat().st_size:,} bytes, unpacked {unpacked:,} in {len(files)} files",
        "kinds": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        "largest": ", ".join(f"{name} {len(files[name]):,}" for name in largest),
        "recipes": ", ".join(recipes),
        "types": typed,
        "levels": ", ".join(distribution.levels()) or "no library",
    }
    return "\n".join([distribution.path.name, *(f"  {key:8} {value}" for key, value in rows.items())])


def main(paths: list[str]) -> int:
    """Print what is inside each of the files, and what is wrong."""
    wrong = []
    for distribution in map(read, map(Path, paths)):
        print(summary(distribution))
        wrong += file_faults(distribution) + (level_faults(distribution) if distribution.is_wheel else [])
    print("\n".join(wrong) or "Nothing is missing, and nothing too much.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
