"""Every verb of the command line as a function: a config in, a result out.

    from crnn_deploy.api import EvaluateConfig, evaluate

    evaluate(EvaluateConfig(artifact="student.int8.onnx", data="val.tar")).accuracy.cer_ci

A function imports what does the work when it is called: PyTorch takes seconds to load. All raise `InputError` where the
input cannot be used, and `GateError` where a stage did not prove itself (`crnn_deploy.errors`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.data.rendering.options import RenderConfig
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.evaluation.config import EvaluateConfig, PredictConfig
from crnn_deploy.explaining.config import ExplainConfig
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.inspection.config import InspectConfig
from crnn_deploy.joining.config import JoinConfig
from crnn_deploy.labelling.config import LabelConfig
from crnn_deploy.language.config import LanguageConfig
from crnn_deploy.native.plugin.config import PluginConfig
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.report.config import ReportConfig
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.students.config import StudentsConfig
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.train_config import TrainConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crnn_deploy.artifact import Artifact
    from crnn_deploy.benchmark.result import Benchmark
    from crnn_deploy.checkpoints.families.family import Family
    from crnn_deploy.engine.build_engine import BuiltEngine
    from crnn_deploy.environment import Diagnosis
    from crnn_deploy.evaluation.predict import Readings
    from crnn_deploy.evaluation.result import Evaluation
    from crnn_deploy.explaining.result import Explanations
    from crnn_deploy.inspection.description import ModelDescription
    from crnn_deploy.inspection.source.description import SourceDescription
    from crnn_deploy.labelling.label import Labelled
    from crnn_deploy.native.plugin import BuiltPlugin
    from crnn_deploy.pages.page import Page
    from crnn_deploy.pipeline.prune import Pruned
    from crnn_deploy.pipeline.run import RunResult
    from crnn_deploy.quantization.quantize import Quantized
    from crnn_deploy.report.run.write import StoredReport
    from crnn_deploy.serving.package import Package
    from crnn_deploy.students.survey import Survey

__all__ = ["BenchmarkConfig", "DistillConfig", "EngineConfig", "EvaluateConfig", "ExplainConfig", "ExportConfig"]
__all__ += ["ImportConfig", "InspectConfig", "JoinConfig", "LabelConfig", "LanguageConfig", "PackageConfig"]
__all__ += ["PluginConfig", "PredictConfig", "QuantizeConfig", "RenderConfig", "ReportConfig", "RunConfig"]
__all__ += ["StudentsConfig", "TrainConfig", "benchmark", "build_engine", "build_plugin", "distill", "doctor"]
__all__ += ["evaluate", "explain", "export", "families", "import_checkpoint", "inspect", "join", "label", "language"]
__all__ += ["package", "predict", "predict_pages", "prune", "quantize", "render", "report", "run", "students", "train"]


def inspect(config: InspectConfig, progress: Progress = SILENT) -> ModelDescription | SourceDescription:
    """Describe a model file or a data set; which of the two it is, the location tells."""
    from crnn_deploy.inspection.inspect import inspect

    return inspect(config, progress)


def import_checkpoint(config: ImportConfig, progress: Progress = SILENT) -> Artifact:
    """Turn a third-party checkpoint into an artifact that carries its spec."""
    from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint

    return import_checkpoint(config, progress)


def families() -> tuple[Family, ...]:
    """The families of third-party checkpoints that `import_checkpoint` recognises."""
    from crnn_deploy.checkpoints.families.catalogue import ALL

    return ALL


def train(config: TrainConfig, progress: Progress = SILENT) -> Artifact:
    """Train a network on labels."""
    from crnn_deploy.training.train import train

    return train(config, progress)


def students(config: StudentsConfig, progress: Progress = SILENT) -> Survey:
    """Size and INT8 latency of students on this machine, and the largest one within a budget."""
    from crnn_deploy.students.survey import survey_students

    return survey_students(config, progress)


def distill(config: DistillConfig, progress: Progress = SILENT) -> Artifact:
    """Train a small student on what teachers read and, where there are any, on labels."""
    from crnn_deploy.training.distill import distill

    return distill(config, progress)


def join(config: JoinConfig, progress: Progress = SILENT) -> Path:
    """Join parts of labelled lines to new ones, so that few lines teach more; gives the file."""
    from crnn_deploy.joining.join import join

    return join(config, progress)


def export(config: ExportConfig, progress: Progress = SILENT) -> Artifact:
    """Export a PyTorch artifact to ONNX, and check that it reads the same."""
    from crnn_deploy.export.export import export

    return export(config, progress)


def language(config: LanguageConfig, progress: Progress = SILENT) -> Artifact:
    """Put a language model into an artifact that reads lines, and prove on other lines that it reads better with it."""
    from crnn_deploy.language.add import add_language

    return add_language(config, progress)


def quantize(config: QuantizeConfig, progress: Progress = SILENT) -> Quantized:
    """Quantize an ONNX artifact to INT8, as far as that keeps its accuracy and makes it faster."""
    from crnn_deploy.report.quantization.reported import quantize_with_report

    return quantize_with_report(config, progress)


def build_engine(config: EngineConfig, progress: Progress = SILENT) -> BuiltEngine:
    """Build a TensorRT engine, and check in which precision each layer runs."""
    from crnn_deploy.engine.build_engine import build_engine

    return build_engine(config, progress)


def build_plugin(config: PluginConfig, progress: Progress = SILENT) -> BuiltPlugin:
    """Compile the TensorRT plugin that runs GRU layers."""
    from crnn_deploy.native.plugin import build_plugin

    return build_plugin(config, progress)


def evaluate(config: EvaluateConfig, progress: Progress = SILENT) -> Evaluation:
    """Measure how well an artifact reads labelled images."""
    from crnn_deploy.evaluation.evaluate import evaluate

    return evaluate(config, progress)


def benchmark(config: BenchmarkConfig, progress: Progress = SILENT) -> Benchmark:
    """Measure size and latency of artifacts side by side."""
    from crnn_deploy.benchmark.benchmark import benchmark

    return benchmark(config, progress)


def predict(config: PredictConfig, progress: Progress = SILENT) -> Readings:
    """Read images."""
    from crnn_deploy.evaluation.predict import predict

    return predict(config, progress)


def predict_pages(config: PredictConfig, progress: Progress = SILENT) -> Iterator[Page]:
    """Read whole pages, one after the other."""
    from crnn_deploy.pages.predict_pages import predict_pages

    return predict_pages(config, progress)


def label(config: LabelConfig, progress: Progress = SILENT) -> Labelled:
    """Read archives of images into a folder of Parquet files, by several processes or on a Ray cluster."""
    from crnn_deploy.labelling.label import label

    return label(config, progress)


def explain(config: ExplainConfig, progress: Progress = SILENT) -> Explanations:
    """Explain where a model's answers came from, and write a page or a picture where the config names one."""
    from crnn_deploy.report.explanation.written import explain_with_page

    return explain_with_page(config, progress)


def package(config: PackageConfig, progress: Progress = SILENT) -> Package:
    """Write a folder with a model and all that reads with it, which has been checked."""
    from crnn_deploy.serving.package import package

    return package(config, progress)


def run(config: RunConfig, progress: Progress = SILENT) -> RunResult:
    """Run a recipe from a checkpoint to a report."""
    from crnn_deploy.pipeline.run import run

    return run(config, progress)


def prune(config: RunConfig, progress: Progress = SILENT) -> Pruned:
    """Remove from the folder of a run what its recipe does not refer to; no stage is run."""
    from crnn_deploy.pipeline.prune import prune

    return prune(config, progress)


def report(config: ReportConfig) -> StoredReport:
    """Read the report of a run, and write it again where the config names a folder."""
    from crnn_deploy.report.run.write import reread_report

    return reread_report(config)


def render(config: RenderConfig, progress: Progress = SILENT) -> Path:
    """Render lines of text into a `.tar` or a folder; returns its path."""
    from crnn_deploy.data.rendering.render import render_lines

    return render_lines(config, config.output, config.force, progress)


def doctor() -> Diagnosis:
    """What this machine has, what each missing thing would bring, and what the cache folder holds."""
    from crnn_deploy.environment import diagnose

    return diagnose()
