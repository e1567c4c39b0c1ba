"""Options of `language`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy import limits
from crnn_deploy.config import Argument, Force, Frozen, Option, OutputFile, SourceName, TrustModule


class LanguageOptions(Frozen):
    """What determines a language model, besides the labels."""

    order: int = Field(default=5, ge=2, le=limits.MAX_NGRAM, description="Characters of the longest n-grams.")
    least: int = Field(
        default=2,
        ge=1,
        description="How often an n-gram of three characters or more must occur in different labels; the least for "
        "28,000 n-grams where there are more.",
    )
    weight: float = Field(
        default=0.25, ge=0, le=10, description="How much the language counts beside what the network says."
    )
    bonus: float = Field(
        default=0.4, ge=-10, le=10, description="What makes up for it that each further character costs something."
    )

    def with_paths(self, model: Path, output: Path, data: str, force: bool = False) -> LanguageConfig:
        """These options for one model."""
        return LanguageConfig(**dict(self), model=model, output=output, data=data, force=force)


class LanguageConfig(LanguageOptions):
    """One language model for one model."""

    model: Annotated[Path, Argument(metavar="MODEL", suffixes=(".safetensors", ".onnx"))] = Field(
        description="A .safetensors or .onnx artifact that reads lines.", examples=["student.int8.onnx"]
    )
    output: OutputFile
    data: SourceName = Field(
        description="A source whose labels it is learned from, such as that of the training.", examples=["train.tar"]
    )
    validation: Annotated[SourceName | None, Option(name="val", metavar="SOURCE")] = Field(
        default=None,
        description="Other labelled lines, to prove on that the model reads better with it.",
        examples=["unseen.tar"],
    )
    force: Force = False
    trust_module: TrustModule = False
