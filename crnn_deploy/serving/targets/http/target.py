"""The target `http`: a server over the module of the target `python`."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.serving.targets.checking import VERIFY, run_check
from crnn_deploy.serving.targets.python.module import REQUIREMENTS, check_model, write_module
from crnn_deploy.serving.targets.readme import notes_of_module, write_readme

_HERE = Path(__file__).parent
_NEEDED = ("fastapi", "prometheus_client", "python_multipart", "uvicorn")


class HttpTarget:
    """A server that reads in batches."""

    image_suffix = ".png"
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the module cannot read with the model, or the extra `http` is missing."""
        check_model(artifact, "http")
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise InputError(
                f"The server is started once before it is written, and needs {', '.join(missing)}.",
                fix="pip install 'crnn-deploy[http]'",
            )

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the module, the server, its check and a Dockerfile."""
        write_module(folder, artifact)
        for name in ("server.py", "draining.py", VERIFY, "Dockerfile"):
            shutil.copyfile(_HERE / name, folder / name)
        own = (_HERE / REQUIREMENTS).read_text(encoding="utf-8")
        with (folder / REQUIREMENTS).open("a", encoding="utf-8", newline="\n") as requirements:
            requirements.write(own)
        write_readme(folder, artifact, _HERE, notes_of_module(folder, artifact))

    def verify(self, folder: Path) -> tuple[int, str]:
        """Start the server, ask it for the examples, and end it."""
        return run_check(folder, ("torch",))
