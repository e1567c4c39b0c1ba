"""A user's own `nn.Module`: named as FILE.py:Class at import, and built from that file each time.

The artifact holds the weights and the SHA-256 of the source file, but no code. A file that has changed is refused. The
file runs only where the user says so, because an artifact of a stranger can name any file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field
from torch import nn

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.files import require_file
from crnn_deploy.limits import MAX_SOURCE
from crnn_deploy.models.user_forward import OutputForm, take_images_alone
from crnn_deploy.spec import Architecture, ModelSpec, Text
from crnn_deploy.validation import parse

FAMILY = "module"


class UserModuleOptions(Frozen):
    """The file and the name of the class, and its arguments."""

    file: Path
    class_name: Text
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the source file")
    arguments: dict[str, Any] = Field(default_factory=dict, description="keyword arguments of the class")
    output: OutputForm = Field(default_factory=OutputForm, description="what it gives in place of logits")


def module_architecture(module: str, arguments: object) -> Architecture:
    """The architecture for `FILE.py:Class`, which will be called with the keyword `arguments`.

    Raises:
        InputError: if `module` is not written like that, its file is missing, or `arguments` is not a mapping.
    """
    file, separator, class_name = module.rpartition(":")
    if not separator or not file.endswith(".py") or not class_name.isidentifier():
        raise InputError(f"'{module}' names no class.", fix="Write it as --module path/to/model.py:ClassName.")
    path = Path(file)
    fields = {"file": path, "class_name": class_name, "sha256": _sha256(_source(path)), "arguments": arguments}
    options = parse(UserModuleOptions, fields, f"--module {module}")
    return Architecture(family=FAMILY, options=options.model_dump(mode="json"))


def build_user_module(spec: ModelSpec) -> nn.Module:
    """The user's class, called with its arguments. This runs the user's file.

    Raises:
        InputError: if the file is missing, has changed since import, fails to run, or holds no such `nn.Module`.
    """
    options = _options(spec)
    source = _source(options.file)
    if _sha256(source) != options.sha256:
        raise InputError(
            f"{options.file} has changed since {spec.name} was imported.",
            "The weights may no longer belong to this code.",
            "Import the checkpoint again, or restore the file.",
        )
    network = _class_in(_run(options.file, source), options)
    try:
        with redirect_stdout(sys.stderr):
            model = network(**options.arguments)
    except (Exception, SystemExit) as error:  # any exception is possible: the constructor is the user's
        raise InputError(
            f"{options.class_name} in {options.file} cannot be built: {type(error).__name__}: {error}.",
            f"It was called with {options.arguments or 'no arguments'}.",
            "Give its keyword arguments in the spec: architecture: {family: module, options: {arguments: {…}}}",
        ) from error
    take_images_alone(model, options.output, any_width=spec.preprocessing.width is None)
    return model


def with_output(architecture: Architecture, form: OutputForm) -> Architecture:
    """The architecture of a user's network whose outputs have this form."""
    return architecture.model_copy(update={"options": {**architecture.options, "output": form.model_dump()}})


def not_trusted(spec: ModelSpec) -> InputError:
    """The refusal to run the file of a user's own network."""
    options = _options(spec)
    return InputError(
        f"{spec.name} needs Python code: {options.class_name} in {options.file} (SHA-256 {options.sha256[:12]}…). "
        "It was not run.",
        "Its network is not part of crnn-deploy, and this file would run with your rights.",
        "Read the file. If you trust it, repeat the command with --trust-module (in Python: trust_module=True).",
    )


def _options(spec: ModelSpec) -> UserModuleOptions:
    assert spec.architecture is not None
    return parse(UserModuleOptions, spec.architecture.options, f"architecture options of {spec.name}")


def _source(file: Path) -> bytes:
    """The content of a source file. What is hashed is also what runs: the file is not read again."""
    if not file.is_file():
        raise InputError(
            f"The model's source file {file} does not exist.",
            "Relative paths start from the folder that you are in.",
            "Go to the folder where it was imported, or import the checkpoint again.",
        )
    require_file(file, may_be_empty=True)
    if file.stat().st_size > MAX_SOURCE:
        raise InputError(f"{file} is larger than {MAX_SOURCE:,} bytes, and no source file.", fix="Check the path.")
    return file.read_bytes()


def _sha256(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()


def _run(file: Path, source: bytes) -> ModuleType:
    module_spec = importlib.util.spec_from_file_location(file.stem, file)
    assert module_spec is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.path.insert(0, str(file.parent.resolve()))  # so that the file can import its neighbours
    try:
        with redirect_stdout(sys.stderr):  # stdout is for results
            exec(compile(source, str(file), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise InputError(f"{file} cannot be run: {type(error).__name__}: {error}.") from error
    finally:
        sys.path.pop(0)
    return module


def _class_in(module: ModuleType, options: UserModuleOptions) -> type[nn.Module]:
    networks = {
        name: value for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, nn.Module)
    }
    if options.class_name not in networks:
        raise InputError(
            f"{options.file} has no nn.Module called {options.class_name}.",
            f"It has: {', '.join(networks) or 'none'}.",
        )
    return networks[options.class_name]
