"""The target `triton`: two model repositories over the module of the target `python`."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.serving.layout import MODEL, SPEC
from crnn_deploy.serving.targets.checking import VERIFY, run_check
from crnn_deploy.serving.targets.python.module import HERE as MODULE
from crnn_deploy.serving.targets.python.module import REQUIREMENTS, check_model, write_kernels, write_reader
from crnn_deploy.serving.targets.readme import notes_of_module, write_readme
from crnn_deploy.serving.targets.triton.network import NAME, write_network

_HERE = Path(__file__).parent


class TritonTarget:
    """Model repositories, one for each backend that can run the network."""

    image_suffix = ".png"
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the module cannot follow the spec or run the graph."""
        check_model(artifact, "triton")

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Put the model into both repositories, and add the check."""
        whole = _write_model(folder, "python", artifact)
        apart = _write_model(folder, "onnxruntime", artifact)
        network = apart.parent.with_name(NAME)
        (network / "1").mkdir(parents=True)
        for file in folder.glob(f"{MODEL}*"):  # external data, too
            shutil.copyfile(file, network / "1" / file.name)
            file.rename(whole / file.name)
        write_kernels(whole, artifact)
        write_kernels(network / "1", artifact)
        write_network(artifact, network, apart)
        for name in (VERIFY, "stand_in.py", REQUIREMENTS):
            shutil.copyfile(_HERE / name, folder / name)
        shutil.copyfile(MODULE / "expected.py", folder / "expected.py")
        write_readme(folder, artifact, _HERE, notes_of_module(whole, artifact))

    def verify(self, folder: Path) -> tuple[int, str]:
        """Run the Python models of both repositories without a server."""
        return run_check(folder, ("pydantic", "torch"))


def _write_model(folder: Path, repository: str, artifact: Artifact) -> Path:
    """Write the model `reader` of a repository, without a network; returns the folder of its version."""
    version = folder / repository / "reader" / "1"
    version.mkdir(parents=True)
    shutil.copyfile(_HERE / "config.pbtxt", version.with_name("config.pbtxt"))
    shutil.copyfile(_HERE / "model.py", version / "model.py")
    write_reader(version, artifact)
    shutil.copyfile(folder / SPEC, version / SPEC)
    return version
