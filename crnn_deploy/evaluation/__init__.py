"""Accuracy: decoding, figures with intervals, and comparisons on the same images."""

from crnn_deploy.evaluation.comparison import Difference, paired_difference, text_agreement
from crnn_deploy.evaluation.decoding import beam_decode, decode, greedy_decode
from crnn_deploy.evaluation.evaluate import EvaluateConfig, EvaluateOptions, evaluate, evaluate_session
from crnn_deploy.evaluation.predict import PredictConfig, Reading, Readings, predict
from crnn_deploy.evaluation.reading import ReadOptions, check_logits
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction

__all__ = [
    "Accuracy",
    "DatasetFacts",
    "Difference",
    "EvaluateConfig",
    "EvaluateOptions",
    "Evaluation",
    "PredictConfig",
    "Prediction",
    "ReadOptions",
    "Reading",
    "Readings",
    "beam_decode",
    "check_logits",
    "decode",
    "evaluate",
    "evaluate_session",
    "greedy_decode",
    "paired_difference",
    "predict",
    "text_agreement",
]
