"""The students to choose from: three families in several sizes, and variants of one size."""

from __future__ import annotations

from crnn_deploy.models.config import StudentChoice

CATALOGUE: tuple[StudentChoice, ...] = (
    StudentChoice(family="mobilenet-v1-gru", width=0.25, hidden=48),
    StudentChoice(family="mobilenet-v1-gru", width=0.5, hidden=64),
    StudentChoice(family="mobilenet-v1-gru", width=1.0, hidden=96),
    StudentChoice(family="mobilenet-v3-gru", width=0.5, hidden=48),
    StudentChoice(family="mobilenet-v3-gru", width=1.0, hidden=96),
    StudentChoice(family="mobilenet-v3-gru", width=1.5, hidden=128),
    StudentChoice(family="mobilenet-v4-gru", width=0.35, hidden=48),
    StudentChoice(family="mobilenet-v4-gru", width=0.5, hidden=64),
    StudentChoice(family="mobilenet-v4-gru", width=0.75, hidden=96),
    StudentChoice(family="mobilenet-v4-gru", width=1.0, hidden=96),
    StudentChoice(family="mobilenet-v4-gru", width=1.5, hidden=128),
    StudentChoice(family="mobilenet-v4-gru", width=2.0, hidden=192),
    StudentChoice(family="mobilenet-v4-gru", width=3.0, hidden=256),
    StudentChoice(family="mobilenet-v4-gru", width=0.5, hidden=64, stride=8),
    StudentChoice(family="mobilenet-v4-gru", width=1.0, hidden=96, stride=8),
    StudentChoice(family="mobilenet-v4-gru", width=1.0, hidden=192, bidirectional=False),
    StudentChoice(family="mobilenet-v4-gru", width=1.0, hidden=96, layers=2, residual=True, layer_norm=True),
)
