"""A copy of the package that the examples of the documentation edit: new files, and diffs without line numbers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import crnn_deploy
from crnn_deploy.native import ort_custom_ops_path

# An editable installation puts a finder before everything; the copy must win against it.
_PREFER_THE_COPY = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "ScikitBuild" not in type(finder).__name__]
"""


_RUN_STEPS = """
import json, sys
from crnn_deploy.cli.app import app
for program, *words in json.loads(sys.argv[1]):
    print("$", program, *words, flush=True)
    if program == "python":
        exec(words[0], {"__name__": "__main__"})
        continue
    try:
        app(words)
    except SystemExit as end:
        if end.code:
            raise
"""


class EditedPackage:
    """A copy of `crnn_deploy` in `folder`, and commands that run with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(crnn_deploy.__file__).parent, folder / "crnn_deploy", ignore=leave_out)
        (folder / "sitecustomize.py").write_text(_PREFER_THE_COPY)

    def write(self, name: str, text: str) -> None:
        """Write a file; one of the package must be new."""
        path = self.folder / name
        assert not path.exists(), f"{name} exists already: show the change as a diff"
        path.write_text(text, encoding="utf-8")

    def apply(self, name: str, diff: str) -> None:
        """Apply the hunks of a diff; each must fit exactly one place of the file."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        for hunk in diff.split("@@\n"):
            rows = hunk.splitlines(keepends=True)
            old = "".join(row[1:] or "\n" for row in rows if not row.startswith("+"))
            new = "".join(row[1:] or "\n" for row in rows if not row.startswith("-"))
            assert text.count(old) == 1, f"{name} has {text.count(old)} places for:\n{old}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def run(self, steps: list[list[str]]) -> subprocess.CompletedProcess[str]:
        """Run commands of `crnn-deploy` and `["python", TEXT]` one after the other, with the copy as the package.

        All run in one process, which loads PyTorch once. It ends at the first step that fails.
        """
        library = ort_custom_ops_path()
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "CRNN_DEPLOY_CACHE": str(self.folder / "cache")}
        environment |= {"CRNN_DEPLOY_LIBRARY": str(library)} if library else {}
        command = [sys.executable, "-c", _RUN_STEPS, json.dumps(steps)]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
