"""`Report`: all results of one run as data; terminal, JSON, Markdown and HTML show only this."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from crnn_deploy.config import Frozen
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.environment import Environment
from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.evaluation.result import DatasetFacts
from crnn_deploy.explaining.result import Explanation
from crnn_deploy.report.run.confusion import Confusion
from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.variant import Variant


class Comparison(Frozen):
    """A variant against its parent, on the same images."""

    variant: str
    parent: str
    difference: Difference
    agreement: float | None = Field(default=None, description="share of images with the same decoded text")


class ExampleLine(Frozen):
    """One image, its label, and what each variant read; of some that are read wrong, where that came from."""

    item: str
    reference: str
    readings: dict[str, str] = Field(description="variant name → text")
    image: str = Field(description="thumbnail as a PNG data URI", pattern=r"^data:image/png;base64,[A-Za-z0-9+/=]+$")
    explained: str = Field(default="", description="name of the variant whose reading is explained; empty: of none")
    explanation: Explanation | None = None


class TrainingPoint(Frozen):
    """Figures of the training after `epoch` epochs; the error is the validation CER, or 1 - top-1."""

    epoch: float
    loss: float
    losses: dict[str, float] = Field(default_factory=dict, description="name of each part of the loss → its share")
    validation_error: float | None = None
    spike_agreement: float | None = Field(
        default=None, ge=0, le=1, description="share of the teacher's CTC spikes that the student has in the same place"
    )
    learning_rate: float | None = Field(default=None, ge=0, description="at the end of the epoch")
    quantized: bool = Field(default=False, description="whether the epoch had the rounding of INT8 in the network")


class Report(Frozen):
    """Figures, verdicts and advice of a run. The baseline is the first variant."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    schema_version: Literal[2] = Field(default=2, alias="schema")
    title: str
    command: str = Field(default="", description="shell command that makes this report again")
    environment: Environment
    dataset: DatasetFacts | None = None
    rendered: bool | None = Field(
        default=None, description="whether the run rendered the images of the evaluation itself; None: not recorded"
    )
    unproven: str = Field(default="", description="what the baseline does that makes every comparison prove nothing")
    variants: tuple[Variant, ...] = Field(min_length=1)
    comparisons: tuple[Comparison, ...] = ()
    realised: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="variant name → op type and precision as run → number of nodes"
    )
    engines: dict[str, EngineRecord] = Field(
        default_factory=dict, description="variant name → how that engine was built"
    )
    confusion: Confusion | None = Field(default=None, description="of the variant that ships, if it is a classifier")
    errors: Errors | None = Field(
        default=None, description="of the variant that ships, or of the last that ran where none does"
    )
    examples: tuple[ExampleLine, ...] = ()
    training: tuple[TrainingPoint, ...] = ()
    advice: str = Field(default="", description="one sentence: whether a longer training would help")
    notes: tuple[str, ...] = Field(default=(), description="what is slower, worse or uncertain")

    @property
    def ships(self) -> bool:
        """Whether a variant passed its gate, so that there is something to ship."""
        return self.shipped.gate.status == "passed"

    @property
    def baseline(self) -> Variant:
        return self.variants[0]

    @property
    def shipped(self) -> Variant:
        """The last variant that passed its gate; the baseline if none did."""
        passed = [variant for variant in self.variants if variant.gate.status == "passed"]
        return passed[-1] if passed else self.baseline

    @model_validator(mode="after")
    def _what_did_not_run_has_no_figures(self) -> Report:
        for variant in self.variants:
            measured = variant.accuracy is not None or variant.latency
            if variant.gate.status == "unproven" and measured and not self.unproven:
                raise ValueError(f"{variant.name} has not run, so it has neither accuracy nor latency")
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> Report:
        counts = Counter(variant.name for variant in self.variants)
        repeated = [name for name, count in counts.items() if count > 1]
        if repeated:
            raise ValueError(f"variants repeat the names {repeated}")
        mentioned = {name for pair in self.comparisons for name in (pair.variant, pair.parent)}
        mentioned |= {self.errors.variant} if self.errors else set()
        mentioned |= (
            self.realised.keys()
            | self.engines.keys()
            | {name for example in self.examples for name in example.readings}
        )
        if unknown := sorted(mentioned - counts.keys()):
            raise ValueError(f"{unknown} are not among the variants {list(counts)}")
        return self
