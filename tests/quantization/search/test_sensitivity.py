from __future__ import annotations

from quantization.comparisons import comparison

from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.progress import SILENT
from crnn_deploy.quantization.rewrite.plan import Layer
from crnn_deploy.quantization.search.sensitivity import measure_sensitivity


def ranking(**costs: tuple[float, float]) -> list[str]:
    """Layers in the order of their sensitivity, where each adds so much error and leaves so many dB alone in INT8."""
    layers = [Layer(name, "Conv", recurrent=False) for name in costs]

    def read(plan: frozenset[str], _: str) -> ModelComparison:
        (name,) = plan
        error, noise_db = costs[name]
        return comparison(error, error, error, noise_db=noise_db)

    return [entry.layer for entry in measure_sensitivity(layers, read, SILENT)]


def test_the_most_sensitive_layer_comes_first():
    assert ranking(a=(0.001, 10), b=(0.2, 30), c=(0, 5), d=(0.03, 30)) == ["b", "d", "a", "c"]


def test_equal_errors_are_ranked_by_noise():
    assert ranking(a=(0, 20), b=(0, 10), c=(0, 30)) == ["b", "a", "c"]
