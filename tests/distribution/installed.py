"""Does the installed package work? For the Python of a fresh environment, outside of the source folder.

    python tests/distribution/installed.py [--reading]

Reads a drawn line with each level of kernels. Where PyTorch is installed, it tries the command line, too, unless
`--reading` is given. Needs nothing but the package and what it requires.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

TEXT = "Invoice 2026-11: 48.50"
# Prints the level in use and the text; nothing if the processor lacks the level.
READ = """
import sys
from crnn_deploy import Reader
from crnn_deploy.errors import InputError
from crnn_deploy.native import kernel_level
try:
    print(kernel_level(), Reader()("line.png").text, sep="|")
except InputError:
    pass
assert "torch" not in sys.modules and "pydantic" not in sys.modules
"""


def draw_line(path: Path) -> None:
    """A line of print in the font that comes with Pillow."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(36)
    left, top, right, bottom = font.getbbox(TEXT)
    image = Image.new("L", (round(right - left) + 24, round(bottom - top) + 20), 255)
    ImageDraw.Draw(image).text((12 - left, 10 - top), TEXT, font=font, fill=0)
    image.save(path)


def run(*command: str, folder: Path, status: int = 0, **environment: str) -> str:
    """What a command prints; this process ends if its exit code is not `status`."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    output = (done.stdout + done.stderr).strip()
    if done.returncode != status:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{output}")
    return output


def check_reader(folder: Path) -> None:
    """The reader that comes with the package reads the line, with each level of kernels that this processor has."""
    from crnn_deploy.native import KERNELS_VARIABLE, ort_custom_ops_path

    library = ort_custom_ops_path()
    if library is None:
        sys.exit("The package has no library with kernels.")
    built = ctypes.CDLL(str(library)).crnn_deploy_built_levels
    built.restype = ctypes.c_char_p
    for level in ("", *built().decode().split()[1:]):
        output = run(sys.executable, "-c", READ, folder=folder, **{KERNELS_VARIABLE: level})
        used, _, text = output.partition("|")
        print(f"kernels {level or 'chosen'}:", f"{used} reads {text!r}" if output else "not on this processor")
        if output and text != TEXT:
            sys.exit(f"The line says {TEXT!r}.")


def check_command_line(folder: Path) -> None:
    """The verbs that an empty environment can run, and a package of the reader, which is verified."""
    command = str(Path(sysconfig.get_path("scripts")) / "crnn-deploy")
    run(command, "--help", folder=folder)
    print(run(command, "doctor", folder=folder))
    print(run(command, "run", "none", folder=folder, status=2))  # names the recipes
    print(run(command, "predict", "line.png", folder=folder))
    model = run(sys.executable, "-c", "from crnn_deploy.zoo import READER; print(READER)", folder=folder)
    (folder / "lines").mkdir()
    draw_line(folder / "lines" / "line.png")
    run(command, "package", model, "--target", "python", "--data", "lines", "-o", "reader", folder=folder)
    print(run(sys.executable, "verify.py", folder=folder / "reader"))


def main(reading_only: bool) -> None:
    """Check what is installed; exits with 1 and a message if something does not work."""
    import crnn_deploy

    package = Path(crnn_deploy.__file__).parent
    if package.parent == Path(__file__).parents[2]:
        sys.exit("This is the source folder, and not what is installed.")
    print(f"crnn-deploy {crnn_deploy.__version__} in {package}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw_line(folder / "line.png")
        check_reader(folder)
        if reading_only or not importlib.util.find_spec("torch"):
            print("Only reading was tried.")
        else:
            check_command_line(folder)


if __name__ == "__main__":
    main("--reading" in sys.argv[1:])
