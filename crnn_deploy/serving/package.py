"""The verb `package`: a folder with a model and all that reads with it, which has been checked."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from crnn_deploy.artifact import Artifact, open_artifact, require_onnx
from crnn_deploy.config import Frozen
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.predict import ImageReading
from crnn_deploy.folders import replacing_folder
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.decoder_choice import DecoderName
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.examples import rendered_lines, write_examples
from crnn_deploy.serving.layout import EXAMPLES, check_output, size_of, write_expected, write_model
from crnn_deploy.serving.targets.registry import TARGETS
from crnn_deploy.serving.targets.target import Target
from crnn_deploy.spec import ModelSpec


class Package(Frozen):
    """A package that was written, and reads as crnn-deploy does."""

    path: str
    target: str
    files: tuple[str, ...] = Field(description="paths in the folder")
    size_bytes: int
    model_sha256: str = Field(description="of the artifact that it was made from")
    examples: tuple[ImageReading, ...]
    unproven: str = Field(default="", description="what all examples have in common that makes them worthless")


def package(config: PackageConfig, progress: Progress = SILENT) -> Package:
    """Write the folder `config.output`, whole or not at all; its own check has passed then.

    Raises:
        InputError: if the artifact is no `.onnx` file, or the target cannot follow its spec; if there are no images for
            examples; or if the folder exists or cannot be written.
        GateError: if the package reads otherwise than crnn-deploy, or the model gives numbers that are not finite.
    """
    check_output(config.output, config.force)
    artifact = open_artifact(config.model)
    require_onnx(artifact)
    target = TARGETS[config.target]
    target.check(artifact)
    with scratch_folder() as scratch, replacing_folder(config.output) as folder:
        (folder / EXAMPLES).mkdir()
        write_model(artifact, folder)
        source = _source(artifact.spec, config, scratch, progress)
        names = [f"{number:02}{target.image_suffix}" for number in range(1, config.examples + 1)]
        decoder: DecoderName = "auto" if target.searches else "greedy"
        read = write_examples(artifact, source, names, folder / EXAMPLES, scratch / "candidates", decoder)
        write_expected(folder, read.readings)
        target.write(folder, artifact)
        _prove(target, folder, artifact)
        files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        return Package(
            path=str(config.output),
            target=config.target,
            files=tuple(files),
            size_bytes=size_of(folder),
            model_sha256=artifact.sha256,
            examples=read.readings,
            unproven=read.unproven,
        )


def _source(spec: ModelSpec, config: PackageConfig, scratch: Path, progress: Progress) -> Source:
    if config.data is None:
        return rendered_lines(spec, config.examples, scratch, progress)
    return open_source(config.data, progress, needs_labels=False)


def _prove(target: Target, folder: Path, artifact: Artifact) -> None:
    """Raise `GateError` unless the package itself reads the examples as crnn-deploy does."""
    code, said = target.verify(folder)
    if code:
        raise GateError(
            f"The package does not read as {artifact.path} does, and was not written.",
            said.strip().rpartition("\n")[2] or f"Its check ended with {code}.",
            "Please report it, with the artifact and the image: this is a bug in crnn-deploy.",
        )
