"""The target `web`: a static page over onnxruntime-web."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

import onnxruntime

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible
from crnn_deploy.onnx_graph.external_data import model_files
from crnn_deploy.serving.targets.javascript.module import (
    VERIFY,
    check_javascript,
    notes_of_javascript,
    write_javascript,
)
from crnn_deploy.serving.targets.javascript.npm import installed, run_script
from crnn_deploy.serving.targets.readme import purpose, write_readme
from crnn_deploy.spec import ModelSpec

_HERE = Path(__file__).parent
_RUNTIME = "onnxruntime-web"
_FILES = {"ort.wasm.bundle.min.mjs": "ort.js", "ort-wasm-simd-threaded.wasm": "ort.wasm"}
_NOTICES = ("LICENSE", "ThirdPartyNotices.txt")  # the npm package has none


class WebTarget:
    """A page that takes pictures and shows their text."""

    image_suffix = ".png"
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the page cannot read with the model, or ONNX Runtime cannot be had from npm."""
        check_javascript(artifact, "web")
        if len(model_files(artifact.path)) > 1:
            raise InputError(
                f"{artifact.path} keeps weights in other files.",
                "A page loads its model as one file.",
                "Save the model with all its weights in one file.",
            )
        installed(_RUNTIME)

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the page, ONNX Runtime and a check."""
        write_javascript(folder, artifact, _HERE)
        for name in ("fetching.js", "page.css", "page.js", "package.json", "pixels.js", VERIFY, "view.js"):
            shutil.copyfile(_HERE / name, folder / name)
        _write_runtime(folder / "onnxruntime")
        (folder / "index.html").write_text(_page(artifact.spec), encoding="utf-8", newline="\n")
        write_readme(folder, artifact, _HERE, notes_of_javascript(artifact))

    def verify(self, folder: Path) -> tuple[int, str]:
        """Run `verify.js`, which reads with the same files as the page."""
        return run_script(folder / VERIFY)


def _write_runtime(folder: Path) -> None:
    """The two files of ONNX Runtime that a page needs, with the licence. Their names are such as any server knows."""
    folder.mkdir()
    for name, own in _FILES.items():
        shutil.copyfile(installed(_RUNTIME) / _RUNTIME / "dist" / name, folder / own)
    for name in _NOTICES:
        shutil.copyfile(Path(onnxruntime.__file__).with_name(name), folder / name)


def _page(spec: ModelSpec) -> str:
    lines = spec.task == "ctc"
    return (
        (_HERE / "index.html")
        .read_text(encoding="utf-8")
        .format(
            name=escape(visible(spec.name)),
            headline="Read a line of text" if lines else "Name what a picture shows",
            purpose=escape(purpose(spec)),
            invitation=f"Choose, paste or drop {'pictures of single lines' if lines else 'pictures'}.",
            note="It finds no lines in a page: crop to one line first."
            if lines
            else "Every picture gets a class, also one that shows none of them.",
        )
    )
