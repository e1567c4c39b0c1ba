"""Atheris, where it is installed: thousands of inputs a second for the readers that are plain Python.

`python -m fuzz.with_atheris FORMAT` runs in one process, guided by the branches that an input takes. It leaves a corpus
of inputs, from which `make fuzz` takes seeds for the whole command line. An exception other than `InputError` is told
once for each place, and the input is kept; a crash ends the process, and libFuzzer keeps the input.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import atheris

# The finder of an editable installation comes before that of Atheris, which then would see no import.
sys.meta_path[:] = [finder for finder in sys.meta_path if "ScikitBuild" not in type(finder).__name__]
sys.path.append(str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["crnn_deploy"]):
    from fuzz.case import LARGEST, Seed
    from fuzz.formats.every import reader_seed

    from crnn_deploy.artifact import read_spec
    from crnn_deploy.checkpoints.spec_file import make_spec
    from crnn_deploy.data.sources.opening import open_source
    from crnn_deploy.errors import InputError
    from crnn_deploy.report.run.write import read_report
    from crnn_deploy.runtime.tensorrt.manifest import read_manifest

MOST_SECONDS, MOST_MEGABYTES = 20, 2048


def _open_all(path: Path) -> None:
    """Open a source and decode its items, as far as that needs no codec."""
    source = open_source(path)
    for index in range(min(len(source), 5)):
        source.content_hash(index)


def _read_engine(path: Path) -> None:
    engine = path.with_name(path.name.removesuffix(".json"))
    read_spec(engine)
    read_manifest(engine)


READERS: dict[str, Callable[[Path], object]] = {
    "engines": _read_engine,
    "idx": _open_all,
    "labels": lambda path: _open_all(path.parent),
    "npz": _open_all,
    "run folders": read_report,
    "tar": _open_all,
    "yaml": lambda path: make_spec("model", {}, path),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz.with_atheris", description=__doc__)
    parser.add_argument("format", choices=READERS)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz/atheris"), help="folder for corpora and findings")
    options = parser.parse_args()
    seed, corpus = reader_seed(options.format), options.out.resolve() / options.format
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(seed.files[seed.target])
    found = options.out.resolve() / f"{options.format} findings"
    found.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="atheris-"))
    words = [sys.argv[0], str(corpus), f"-max_total_time={max(1, int(60 * options.minutes))}", f"-seed={options.seed}"]
    words += [f"-timeout={MOST_SECONDS}", f"-rss_limit_mb={MOST_MEGABYTES}", f"-max_len={LARGEST}"]
    try:
        atheris.Setup([*words, f"-artifact_prefix={found}/"], Target(options.format, seed, folder, found))
        atheris.Fuzz()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Target:
    """What libFuzzer calls with each input: writes it beside the seed's other files, and reads it."""

    def __init__(self, name: str, seed: Seed, folder: Path, found: Path) -> None:
        self.read, self.path, self.found = READERS[name], folder / seed.target, found
        for file, data in seed.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)

    def __call__(self, data: bytes) -> None:
        self.path.write_bytes(data)
        try:
            self.read(self.path)
        except InputError:
            pass
        except Exception as error:
            self._keep(error, data)

    def _keep(self, error: Exception, data: bytes) -> None:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if "crnn_deploy" in frame.filename]
        place = f"{type(error).__name__} at {Path(own[-1].filename).name}:{own[-1].lineno} in {own[-1].name}"
        kept = self.found / place
        if not kept.exists():
            print(f"✗ {place}: {error}"[:300], flush=True)
            kept.write_bytes(data)


if __name__ == "__main__":
    main()
