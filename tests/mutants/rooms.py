"""The rooms whose mutants are tried, and the tests that should notice them: the nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants.mutation import Mutation
from mutants.native_mutations import native_mutations
from mutants.python_mutations import python_mutations

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crnn_deploy"
NATIVE = "native"


@dataclass(frozen=True)
class Room:
    """Some sources, the tests of their folder, and the tests through the command line that use them most.

    Args:
        sources: files and folders, relative to the package.
        folder: of tests, relative to `tests/`, after the test file that mirrors the module.
    """

    sources: tuple[str, ...]
    folder: tuple[str, ...]
    end_to_end: tuple[str, ...] = ()

    def mutations(self) -> list[Mutation]:
        """All mutations of the room's sources."""
        return [mutation for path in self.files() for mutation in _mutations_of(path)]

    def files(self) -> list[Path]:
        """The room's sources."""
        paths = [PACKAGE / source for source in self.sources]
        return [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]

    def stages(self, path: str) -> list[list[str]]:
        """Arguments of pytest for each stage of the trial of a mutant of the source `path`."""
        inner = Path(path).relative_to("crnn_deploy")
        mirrored = f"tests/{inner.parent / f'test_{inner.stem}.py'}".replace("/./", "/")
        stages = [[mirrored]] if (ROOT / mirrored).exists() else []
        rest = [f"tests/{name}" for name in self.folder if f"tests/{name}" != mirrored]
        stages += [[*rest, f"--ignore={mirrored}"]] if rest else []
        return [*stages, *([[f"tests/{name}" for name in self.end_to_end]] if self.end_to_end else [])]


def _mutations_of(path: Path) -> Sequence[Mutation]:
    find = python_mutations if path.suffix == ".py" else native_mutations
    return find(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def _native_sources() -> tuple[str, ...]:
    """The layers, and the kernels of all instruction sets but ARM's, which need another compiler."""
    names = (
        "layer.cc layer_memory.h cells.h product.h matrix.cc matrix.h tiles.h kernels.h kernels_portable.cc "
        "kernels_avx2.cc panels_avx2.h vector_avx2.h kernels_avxvnni.cc "
        "kernels_avx512vnni.cc avx512vnni.h vector_avx512.h kernels_amx.cc kernels_amx_emulated.cc"
    )
    return tuple(f"native/{name}" for name in names.split())


# The quickest tests first.
ROOMS = {
    "losses": Room(("training/losses",), ("training/losses",), ("training/test_objective.py",)),
    "spec": Room(
        ("spec.py",),
        ("test_spec.py", "data/test_preprocess.py", "data/test_batching.py"),
        ("checkpoints/test_spec_file.py", "reading/test_decoding.py", "evaluation/test_evaluate.py"),
    ),
    "preprocess": Room(
        ("data/preprocess.py", "data/picture.py", "data/depth.py", "data/paper.py"),
        (
            *("data/test_preprocess.py", "data/test_picture.py", "data/test_tiff.py"),
            *("data/test_depth.py", "data/test_paper.py"),
        ),
    ),
    "wiring": Room(
        ("onnx_graph/wiring.py",),
        ("onnx_graph",),
        ("quantization/rewrite/test_plan.py", "quantization/rewrite/test_assembly.py"),
    ),
    "students": Room(("students/picking.py",), ("students/test_picking.py",)),
    "profiles": Room(("engine/profiles.py",), ("engine/test_profiles.py",), ("engine/test_build_engine.py",)),
    "gates": Room(("pipeline/gates.py",), ("pipeline/test_gates.py",)),
    "evaluation": Room(
        ("evaluation",), ("evaluation",), ("cli/test_predict.py", "quantization/search/test_examiner.py")
    ),
    "labelling": Room(("labelling",), ("labelling",)),
    "workers": Room(("workers",), ("workers",), ("evaluation/test_shared_prediction.py",)),
    "search": Room(("quantization/search",), ("quantization/search",), ("quantization/test_quantize.py",)),
    "calibration": Room(
        ("quantization/calibration",), ("quantization/calibration",), ("quantization/test_quantize.py",)
    ),
    NATIVE: Room(
        _native_sources(),
        ("native/test_kernels.py", "native/test_malformed.py", "native/test_library.py"),
        ("native/test_precision.py", "native/test_levels.py", "native/test_sanitizers.py"),
    ),
}
