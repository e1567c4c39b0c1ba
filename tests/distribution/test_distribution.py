"""The source archive and the wheel hold what they must, and the wheel reads in an environment of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
from distribution.contents import ROOT, Distribution, file_faults, level_faults, read, summary
from snippets import read_page

pytest.importorskip("scikit_build_core")
pytest.importorskip("hatch_fancy_pypi_readme")
pytest.importorskip("build")
pytestmark = pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="needs a Git clone")


def run(*command: str | Path, **options: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def sdist(folder: Path) -> Distribution:
    return read(next(folder.glob("*.tar.gz")))


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Distribution:
    return read(next(folder.glob("*.whl")))


def test_both_hold_the_files_of_the_repository(sdist: Distribution, wheel: Distribution) -> None:
    assert file_faults(sdist) == file_faults(wheel) == []
    assert "crnn_deploy/recipes/quickstart.yaml" in wheel.files
    assert "quickstart" in summary(wheel)
    assert wheel.path.stat().st_size < sdist.path.stat().st_size + 1_000_000 < 6_000_000


def test_what_is_missing_or_too_much_is_named(wheel: Distribution) -> None:
    files = dict(wheel.files) | {"tests/junk.pyc": b""}
    del files["crnn_deploy/py.typed"], files["crnn_deploy/recipes/mnist.yaml"]
    faults = "\n".join(file_faults(replace(wheel, files=files)))
    for words in ("recipes/mnist.yaml is missing", "py.typed is missing", "tests/junk.pyc does not belong there"):
        assert words in faults


@pytest.mark.parametrize(
    ("system", "levels", "missing"),
    [
        ("manylinux_2_28_x86_64", "amx avx512vnni avxvnni avx2 portable", []),
        ("manylinux_2_27_x86_64.manylinux_2_28_x86_64", "avx2 portable", ["amx", "avx512vnni", "avxvnni"]),
        ("macosx_11_0_arm64", "neondot portable", []),
        ("win_amd64", "portable", ["avx512vnni", "avxvnni", "avx2"]),
    ],
)
def test_levels_of_a_library_are_read_from_its_file(system: str, levels: str, missing: list[str]) -> None:
    library = b"\x7fELF levels:\0" + f"levels: {levels}".encode() + b"\0none\0"
    wheel = Distribution(Path(f"x-1-py3-none-{system}.whl"), {"crnn_deploy/native/libcrnn_deploy_ops.so": library})
    assert wheel.levels() == tuple(levels.split())
    assert [fault.split()[-1] for fault in level_faults(wheel)] == missing


def test_a_wheel_for_this_machine_alone_is_told() -> None:
    (fault,) = level_faults(Distribution(Path("x-1-py3-none-linux_x86_64.whl"), {}))
    assert "wheels are not made for linux_x86_64" in fault


@pytest.mark.skipif(not shutil.which("c++"), reason="needs a compiler")
def test_the_wheel_reads_in_an_environment_of_its_own(wheel: Distribution, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path)
    python = tmp_path / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel.path)
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # What the package requires is taken from here. The editable installation of the package is not found this way.
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    output = run(python, ROOT / "tests" / "distribution" / "installed.py", "--reading", cwd=tmp_path)
    assert str(packages) in output
    assert re.search(r"kernels chosen: \w+ reads", output)
    assert re.search(r"kernels portable: portable reads", output)


def test_the_description_works_without_the_repository(wheel: Distribution) -> None:
    renderer = pytest.importorskip("readme_renderer.markdown")
    description = wheel.metadata().partition("\n\n")[2]
    html = renderer.render(description)
    assert html
    targets = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert all(target.startswith(("https://", "#")) for target in targets)
    assert html.count("<table") == (ROOT / "README.md").read_text(encoding="utf-8").count("|---|")
    for block in read_page(ROOT / "README.md").blocks:
        assert block.text in description
    for path in re.findall(r"\(`([\w./-]+)`\)", description):
        assert (ROOT / path).exists()


def test_the_library_shows_nothing_but_its_own_functions(wheel: Distribution, tmp_path: Path) -> None:
    if not shutil.which("nm") or not (names := [name for name in wheel.files if name.endswith("ops.so")]):
        pytest.skip("needs nm and a library for Linux")
    (tmp_path / "library.so").write_bytes(wheel.files[names[0]])
    functions = run("nm", "-D", "--defined-only", tmp_path / "library.so").split()[2::3]
    assert set(functions) == {
        "RegisterCustomOps",
        "crnn_deploy_kernel_level",
        "crnn_deploy_built_levels",
        "crnn_deploy_line_input",
        "crnn_deploy_ctc_beam",
        "crnn_deploy_best_path",
    }
