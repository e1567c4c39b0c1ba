"""The reports of `makers` as fixtures. Reports don't change, so that a whole module shares one."""

from __future__ import annotations

import pytest
from report.makers import classifier_report, full_report, make_report, variant

from crnn_deploy.report.run.report import Report


@pytest.fixture(scope="session")
def report() -> Report:
    """A run in which everything happened."""
    return full_report()


@pytest.fixture(scope="session")
def classifier() -> Report:
    """Class names in place of text."""
    return classifier_report()


@pytest.fixture(scope="session")
def bare() -> Report:
    """A single variant on which nothing was measured."""
    return make_report(variant("Straße-读", "baseline"))
