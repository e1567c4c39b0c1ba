"""`ModelSpec`: what a model file says about itself, so that anyone who holds the file can run and explain it.

The spec travels inside the artifact (see `artifact.py`) as JSON with a schema version. Nothing in it depends on the
time or the machine, so the same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from crnn_deploy import limits
from crnn_deploy.class_sequences import ClassSequence, check_sequences, divided
from crnn_deploy.language_model import LanguageModel
from crnn_deploy.plain_values import Bounds, FiniteFloat
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.record import Record, field
from crnn_deploy.text_order import TextOrder, to_logical

SCHEMA_VERSION: Literal[1] = 1
_RESERVATION = "reservation"

Text = Annotated[str, Bounds(max_length=limits.MAX_TEXT)]
ClassText = Annotated[str, Bounds(max_length=limits.MAX_CLASS_TEXT)]


class Architecture(Record):
    """Which network the weights belong to. `crnn_deploy.models` knows the families and their options."""

    family: Text = field(description="Name of the family.", examples=["mobilenet-v4-gru"])
    options: dict[str, Any] = field(default_factory=dict, description="Options of the family, such as hidden: 96.")


class LineageStep(Record):
    """One stage that the model went through."""

    stage: str = field(description="Verb that made the model.")
    options: dict[str, Any] = field(default_factory=dict, description="Options of the stage.")
    parent_sha256: str | None = field(default=None, description="SHA-256 of the parent.")
    tools: dict[str, str] = field(default_factory=dict, description="Versions of the packages that did the work.")
    notes: dict[str, Any] = field(default_factory=dict, description="What the stage measured.")

    def reserved(self, reservation: str) -> LineageStep:
        """This step with a note on why it proved less than it should; unchanged where `reservation` is empty."""
        return self.model_copy(update={"notes": {**self.notes, _RESERVATION: reservation}}) if reservation else self


Figures = Annotated[dict[Text, FiniteFloat], Bounds(max_length=limits.MAX_FIGURES)]
Task = Literal["ctc", "classify"]
NormalForm = Literal["NFC", "NFD", "NFKC", "none"]


class ModelSpec(Record):
    """Task, alphabet, preprocessing, architecture, lineage and metrics of one model."""

    schema_version: Literal[1] = field(default=SCHEMA_VERSION, description="Version of this schema.")
    name: Text = field(description="Name of the model.")
    task: Task = field(default="ctc", description="ctc: reads lines; classify: names classes.")
    charset: tuple[ClassText, ...] = field(
        default=(),
        max_length=limits.MAX_CLASSES,
        description="Characters in class order, without the blank; a list may hold classes of several characters.",
    )
    blank: int = field(default=0, ge=0, description="Class of the CTC blank.")
    sequences: tuple[ClassSequence, ...] = field(
        default=(), max_length=limits.MAX_CLASSES, description="Texts that several classes in a row stand for."
    )
    normal_form: NormalForm = field(
        default="NFC", description="Unicode form in which labels and what is read are compared; none: as they are."
    )
    text_order: TextOrder = field(
        default="logical",
        description="Order of the classes along a line. logical: that of the text; display: from left to right, also "
        "where the text runs from right to left. Labels and what is read are in logical order either way.",
    )
    temperature: float = field(
        default=1.0,
        ge=limits.LEAST_TEMPERATURE,
        le=limits.MAX_TEMPERATURE,
        description="What logits are divided by before they become confidences, so that these agree with the share of "
        "images that are read right; 1: it was not fitted. What is read does not depend on it.",
    )
    language_model: LanguageModel | None = field(
        default=None, description="Which characters follow each other in what is read; a beam search counts it in."
    )
    class_names: tuple[Text, ...] = field(
        default=(), max_length=limits.MAX_CLASSES, description="Names of the classes of a classifier."
    )
    preprocessing: Preprocessing = field(description="From an image to the input of the network.")
    output_layout: Literal["NTC", "TNC"] = field(default="NTC", description="Axes of the CTC logits.")
    architecture: Architecture | None = field(default=None, description="The network; absent for ONNX files of others.")
    lineage: tuple[LineageStep, ...] = field(
        default=(), max_length=limits.MAX_LINEAGE, description="The stages that the model went through."
    )
    metrics: dict[Text, Figures] = field(
        default_factory=dict, max_length=limits.MAX_FIGURES, description="Data set → figure → value."
    )

    @property
    def num_outputs(self) -> int:
        """Size of the head: characters and the blank, or classes."""
        return len(self.charset) + 1 if self.task == "ctc" else len(self.class_names)

    @property
    def output_axes(self) -> int:
        """Axes of the network's output: batch, frames and classes, or batch and classes."""
        return 3 if self.task == "ctc" else 2

    @property
    def alphabet(self) -> tuple[str, ...]:
        """Text of each output class; the blank stands for the empty string."""
        return (*self.charset[: self.blank], "", *self.charset[self.blank :])

    @property
    def reservation(self) -> str:
        """Why the last stage proved less than it should, such as a parent that reads nothing; empty: it proved all."""
        return str(self.lineage[-1].notes.get(_RESERVATION, "")) if self.lineage else ""

    def text(self, classes: Iterable[int]) -> str:
        """Text of output classes, one after the other, in logical order.

        Does not build the alphabet, which may be large.

        Raises:
            InputError: if the classes are in display order, the text runs from right to left, and python-bidi is not
                installed.
        """
        charset, blank = self.charset, self.blank
        read = [k for k in classes if k != blank]
        parts = divided(read, self.sequences) if self.sequences else read
        text = "".join([k if isinstance(k, str) else charset[k - (k > blank)] for k in parts])
        return to_logical(text) if self.text_order == "display" else text

    def after(self, step: LineageStep, **changes: Any) -> ModelSpec:
        """The spec of the model that `step` makes from this one, with the given fields changed."""
        return self.model_copy(update={"lineage": (*self.lineage, step), **changes})

    @classmethod
    def in_full(cls, given: Any) -> Any:
        """A charset may be one text."""
        charset = given.get("charset") if isinstance(given, Mapping) else None
        return {**given, "charset": tuple(charset)} if isinstance(charset, str) else given

    def check(self) -> None:
        """Raise `ValueError` if the outputs have no names, or the fields do not go together."""
        if self.language_model is not None and self.task != "ctc":
            raise ValueError("only a model that reads lines takes a language model")
        if self.preprocessing.vector and self.task != "classify":
            raise ValueError("only a classifier takes a vector beside its picture")
        if self.task == "classify":
            if not self.class_names:
                raise ValueError("a classifier needs class_names")
            return
        if not self.charset:
            raise ValueError("a CTC model needs a charset")
        if self.blank > len(self.charset):
            raise ValueError(f"blank index {self.blank} is outside the {self.num_outputs} classes")
        if self.language_model is not None and (self.sequences or self.text_order != "logical"):
            raise ValueError("a language model goes with single classes in logical order")
        check_sequences(self.sequences, self.alphabet if self.sequences else (), self.blank)
