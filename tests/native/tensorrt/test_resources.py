"""Resources of kernels, read from the output of nvcc."""

from __future__ import annotations

import pytest

from crnn_deploy.native.plugin.resources import architecture_of, kernel_resources, readable

GRU = "_ZN11crnn_deploy3gruI6__halfLi4ELb1EEEvNS_15KernelArgumentsE"


def test_figures_are_those_of_the_kernel_not_of_what_it_calls():
    output = f"""
nvcc warning : something else
ptxas info    : 0 bytes gmem, 8 bytes cmem[4]
ptxas info    : Compiling entry function '{GRU}' for 'sm_90'
ptxas info    : Function properties for {GRU}
    16 bytes stack frame, 20 bytes spill stores, 24 bytes spill loads
ptxas info    : Function properties for __internal_trig_reduction_slowpath
    40 bytes stack frame, 99 bytes spill stores, 99 bytes spill loads
ptxas info    : Used 166 registers, used 1 barriers, 1024 bytes smem, 432 bytes cmem[0]
ptxas info    : Compile time = 88.356 ms
ptxas info    : Compiling entry function 'plain' for 'sm_120'
ptxas info    : Function properties for plain
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 0 barriers
"""
    first, second = kernel_resources(output.splitlines())
    assert (first.kernel, first.architecture) == ("gru<__half, 4, true>", "sm90")
    assert (first.registers, first.spilled_bytes, first.shared_bytes) == (166, 44, 1024)
    assert (second.kernel, second.architecture) == ("plain", "sm120")
    assert (second.registers, second.spilled_bytes, second.shared_bytes) == (8, 0, 0)


def test_a_kernel_that_was_not_finished_is_left_out():
    output = [f"ptxas info    : Compiling entry function '{GRU}' for 'sm_90'", "ptxas fatal   : out of memory"]
    assert list(kernel_resources(output)) == []


@pytest.mark.parametrize(
    ("line", "architecture"),
    [
        (f"ptxas info    : Compiling entry function '{GRU}' for 'sm_90a'", "sm90a"),
        ("ptxas info    : Used 166 registers", None),
        ("", None),
    ],
)
def test_lines_that_name_an_architecture(line, architecture):
    assert architecture_of(line) == architecture


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        (GRU, "gru<__half, 4, true>"),
        ("_ZN11crnn_deploy12_GLOBAL__N_14stepIfEEvPT_", "step<float>"),
        ("my_kernel", "my_kernel"),
        ("_Znonsense", "_Znonsense"),
    ],
)
def test_names_are_those_of_the_source(symbol, name):
    assert readable(symbol) == name
