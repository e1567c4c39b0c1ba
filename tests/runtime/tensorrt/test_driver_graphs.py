"""Graphs are recorded by the driver's functions in their order, and no recording is left open."""

from __future__ import annotations

import pytest
from fake_cuda import STREAM, FakeDriver

from crnn_deploy.runtime.tensorrt.driver_graphs import DriverGraphs

FAILED = 901  # CUDA_ERROR_STREAM_CAPTURE_INVALIDATED


def test_a_graph_is_recorded_launched_and_discarded() -> None:
    driver = FakeDriver()
    graphs = DriverGraphs(driver, STREAM)
    graph = graphs.capture(lambda: driver.calls.append("send") is None)
    assert graph is not None
    graphs.launch(graph)
    graphs.discard(graph)
    assert driver.calls == [
        *("cuStreamBeginCapture_v2", "send", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphDestroy"),
        *("cuGraphLaunch", "cuGraphExecDestroy"),
    ]


def test_what_cannot_be_captured_gives_none_and_ends_the_recording() -> None:
    driver = FakeDriver(cuStreamEndCapture=FAILED)
    assert DriverGraphs(driver, STREAM).capture(lambda: True) is None
    assert driver.calls == ["cuStreamBeginCapture_v2", "cuStreamEndCapture"]


def test_what_was_not_sent_leaves_no_graph() -> None:
    driver = FakeDriver()
    assert DriverGraphs(driver, STREAM).capture(lambda: False) is None
    assert driver.calls == ["cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphDestroy"]


def test_other_failures_are_told() -> None:
    with pytest.raises(RuntimeError, match="cuGraphInstantiateWithFlags: CUDA error 2"):
        DriverGraphs(FakeDriver(cuGraphInstantiateWithFlags=2), STREAM).capture(lambda: True)
