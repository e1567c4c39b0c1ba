"""The target `node`: a module for Node.js over onnxruntime-node."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.serving.targets.javascript.module import (
    VERIFY,
    check_javascript,
    notes_of_javascript,
    write_javascript,
)
from crnn_deploy.serving.targets.javascript.npm import installed, run_script
from crnn_deploy.serving.targets.readme import write_readme

_HERE = Path(__file__).parent
_RUNTIME = "onnxruntime-node"


class NodeTarget:
    """A module with types that takes pixels."""

    image_suffix = ".png"
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the module cannot read with the model, or ONNX Runtime cannot be had from npm."""
        check_javascript(artifact, "node")
        installed(_RUNTIME)

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the module, its types and its check."""
        write_javascript(folder, artifact, _HERE)
        for name in ("crnn-reader.d.ts", "package.json", VERIFY):
            shutil.copyfile(_HERE / name, folder / name)
        write_readme(folder, artifact, _HERE, notes_of_javascript(artifact))

    def verify(self, folder: Path) -> tuple[int, str]:
        """Run `verify.js` beside the packages that `npm install` brings."""
        modules = folder / "node_modules"
        modules.symlink_to(installed(_RUNTIME), target_is_directory=True)
        try:
            return run_script(folder / VERIFY)
        finally:
            modules.unlink()
