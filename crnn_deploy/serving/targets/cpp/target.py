"""The target `cpp`: a library in C++17 over ONNX Runtime, with a program and a check, as a CMake project."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy import native
from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.serving.spec_support import check_narrowest, require_simple
from crnn_deploy.serving.targets.cpp.building import build_and_check, check_tools
from crnn_deploy.serving.targets.cpp.model_spec import model_spec_header
from crnn_deploy.serving.targets.python.module import write_kernels
from crnn_deploy.serving.targets.readme import notes_of_kernels, notes_of_reading, write_readme

_HERE = Path(__file__).parent
_PROJECT = _HERE / "project"
_LANGUAGE = "language.h"  # of the project, for models with a language model
_SEARCH = [Path(native.__file__).with_name(name) for name in ("ctc_beam.h", "ngrams.h")]


class CppTarget:
    """A CMake project over ONNX Runtime's C interface."""

    image_suffix = ".pnm"  # which it decodes without any library
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the reader cannot follow the spec or run the graph, or cannot be built here."""
        require_simple(artifact, "cpp")
        session = OnnxRuntimeSession(artifact)
        kind = next(each.type for each in session.network.session.get_outputs() if each.name == session.output)
        if kind != "tensor(float)":
            raise InputError(
                f"{artifact.path} gives its logits as {kind}.",
                "The reader in C++ takes logits in FP32, as tensor(float).",
                "Export the model with a cast to FP32 at its end.",
            )
        check_narrowest(session)
        check_tools()

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the project, the spec as a header, and the kernels."""
        searches = artifact.spec.language_model is not None
        left_out = shutil.ignore_patterns() if searches else shutil.ignore_patterns(_LANGUAGE)
        shutil.copytree(_PROJECT, folder, dirs_exist_ok=True, ignore=left_out)
        if searches:
            for part in _SEARCH:
                shutil.copyfile(part, folder / part.name)
        session = OnnxRuntimeSession(artifact)
        header = model_spec_header(artifact.spec, session.network, session.output)
        (folder / "model_spec.h").write_text(header, encoding="utf-8", newline="\n")
        write_kernels(folder, artifact)
        kernels = notes_of_kernels(folder, artifact, "`kernels` of a `Reader` names those in use.")
        write_readme(folder, artifact, _HERE, [*notes_of_reading(artifact.spec), *kernels])

    def verify(self, folder: Path) -> tuple[int, str]:
        """Build the project in a folder of its own, and run its check."""
        with scratch_folder() as scratch:
            return build_and_check(folder, scratch / "build")
