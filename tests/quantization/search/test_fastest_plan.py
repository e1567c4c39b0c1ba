from __future__ import annotations

from itertools import pairwise

import numpy as np
import onnx
import pytest
import stopwatches

from crnn_deploy.progress import SILENT
from crnn_deploy.quantization.rewrite.plan import Layer
from crnn_deploy.quantization.search import fastest_plan
from crnn_deploy.quantization.search.fastest_plan import Choices, InterleavedStopwatch, Placement, choices_of
from crnn_deploy.runtime.onnxruntime import open_network

PARENT = "parent"
BASE_MS = 10.0


class Costs:
    """A stopwatch to which each layer in INT8 adds what it costs; models are their own plans."""

    def __init__(self, **costs: float) -> None:
        self.costs = costs
        self.asked = 0

    def times(self, models, seconds):
        self.asked += 1
        return [
            stopwatches.steady(BASE_MS + sum(self.costs[name] for name in (() if model == PARENT else model)))
            for model in models
        ]


def place(costs: Costs, recurrent: set[str], *groups: set[str]):
    placement = Placement(PARENT, lambda plan: plan, costs, 100, SILENT)
    plan = frozenset(recurrent).union(*groups)
    return placement.fastest(plan, Choices(frozenset(recurrent), "stem", tuple(map(frozenset, groups))))


def test_a_plan_that_plainly_pays_is_kept_without_a_search():
    costs = Costs(gru=-2, a=-3, b=0.1)
    plan, trials = place(costs, {"gru"}, {"a"}, {"b"})
    assert plan == {"gru", "a", "b"}
    assert [(trial.plan, trial.candidate_ms) for trial in trials] == [("recurrent", 8.0), ("all", 5.1)]
    assert trials[-1].speedup.ratio == pytest.approx(10 / 5.1)
    assert costs.asked == 1


def test_the_first_convolution_goes_back_to_float_where_that_is_plainly_faster():
    plan, trials = place(Costs(gru=-2, stem=1, a=-3), {"gru"}, {"stem", "a"})
    assert plan == {"gru", "a"}
    assert [trial.plan for trial in trials] == ["recurrent", "all", "all but the first convolution"]


def test_the_first_convolution_stays_in_int8_where_it_hardly_matters():
    plan, trials = place(Costs(gru=-2, stem=0.1, a=-3), {"gru"}, {"stem", "a"})
    assert plan == {"gru", "stem", "a"}
    assert trials[-1].plan == "all"


def test_layers_go_back_to_float_where_that_is_faster():
    plan, trials = place(Costs(gru=-2, a=3, b=-1, c=-0.01), {"gru"}, {"a"}, {"b"}, {"c"})
    assert plan == {"gru", "b"}  # c gains too little to be sure
    assert [trial.plan for trial in trials] == ["recurrent", "all", "mixed"]
    assert trials[-1].candidate_ms == 7.0


def test_layers_go_back_to_float_where_the_recurrent_ones_alone_are_as_fast():
    costs = Costs(gru=-3, a=-2, b=2)
    plan, trials = place(costs, {"gru"}, {"a"}, {"b"})
    assert plan == {"gru", "a"}
    assert trials[-1].plan == "mixed"


def test_the_choices_are_the_first_convolution_and_the_groups_with_the_most_work_first():
    weights = {"stem": [4, 1, 3, 3], "small": [8, 4, 1, 1], "large": [8, 8, 3, 3]}
    nodes, value = [], "x"
    for name in ("stem", "small", "large"):
        nodes.append(onnx.helper.make_node("Conv", [value, f"{name}.w"], [name], name, pads=[1, 1, 1, 1]))
        nodes.append(onnx.helper.make_node("HardSwish", [name], [f"{name}.h"]))
        value = f"{name}.h"
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, [1, 1, 8, "w"])],
        [onnx.helper.make_tensor_value_info(value, 1, None)],
        [onnx.numpy_helper.from_array(np.ones(shape, np.float32), f"{name}.w") for name, shape in weights.items()],
    )
    layers = [
        Layer("gru", "GRU", recurrent=True),
        *(Layer(name, "Conv", recurrent=False) for name in ("stem", "small", "large")),
    ]
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    found = choices_of(frozenset({"small", "large"}), model, layers, (1, 1, 8, 40))
    assert (found.first, found.recurrent) == ("stem", frozenset())
    assert found.groups == (frozenset({"large"}), frozenset({"small"}))


def test_only_recurrent_layers_where_nothing_else_pays():
    plan, trials = place(Costs(gru=-2, a=3), {"gru"}, {"a"})
    assert plan == {"gru"}
    assert trials[-1].plan == "recurrent"


def test_a_network_without_recurrent_layers():
    plan, trials = place(Costs(a=-1, b=3), set(), {"a"}, {"b"})
    assert plan == {"a"}
    assert trials[-1].plan == "mixed"


def test_the_last_trial_tells_if_nothing_is_faster():
    _, trials = place(Costs(gru=1, a=3), {"gru"}, {"a"})
    assert trials[-1].plan == "recurrent"
    assert trials[-1].speedup.high < 1


class Noisy:
    """A stopwatch that tells how long each part of the rounds of a plan took; plans are named by their layers."""

    def __init__(self, **parts):
        self.parts = {tuple(sorted(name.split("_"))): stopwatches.noisy(*parts) for name, parts in parts.items()}

    def times(self, models, seconds):
        return [self.parts[("parent",) if model == PARENT else tuple(sorted(model))] for model in models]


def test_noise_chooses_no_other_plan():
    clock = Noisy(
        parent=(6.0, 14.0, 19.0), gru=(14.0, 18.0, 5.5), gru_a=(19.0, 5.5, 14.0), gru_stem_a=(19.0, 14.0, 6.0)
    )
    plan, trials = place(clock, {"gru"}, {"stem", "a"})
    assert plan == {"gru", "stem", "a"}
    assert trials[-1].plan == "all"
    assert trials[-1].speedup.low < 1 < trials[-1].speedup.high


def test_a_gain_within_the_noise_does_not_replace_the_whole_plan():
    # the whole plan is as fast as the parent, so that the search begins; less INT8 seems to be 5 % faster
    clock = Noisy(parent=(10.0,), gru=(9.2, 10.4, 10.6), gru_a=(10.0,))
    plan, trials = place(clock, {"gru"}, {"a"})
    assert plan == {"gru", "a"}
    assert [trial.plan for trial in trials] == ["recurrent", "mixed", "all"]
    assert trials[0].speedup.ratio > 1.02


def test_the_search_ends_in_time(monkeypatch):
    monkeypatch.setattr("crnn_deploy.quantization.search.fastest_plan._SEARCH_SECONDS", -1.0)
    plan, _ = place(Costs(gru=-2, a=3, b=-1), {"gru"}, {"a"}, {"b"})
    assert plan == {"gru"}


def test_the_stopwatch_runs_models_on_one_thread(monkeypatch):
    opened = []

    def open_and_keep(model, threads):
        opened.append(open_network(model, threads))
        return opened[-1]

    monkeypatch.setattr(fastest_plan, "open_network", open_and_keep)

    def relus(count):
        names = ["x", *(f"h{i}" for i in range(count - 1)), "y"]
        nodes = [onnx.helper.make_node("Exp", [a], [b]) for a, b in pairwise(names)]
        value = [onnx.helper.make_tensor_value_info(name, 1, [1, 1, 64, 64]) for name in ("x", "y")]
        graph = onnx.helper.make_graph(nodes, "g", value[:1], value[1:])
        return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)

    few, many = InterleavedStopwatch(np.zeros((1, 1, 64, 64), np.float32)).times([relus(1), relus(100)], 0.05)
    assert 0 < few.ms < many.ms
    assert (few.clock, len(few.parts_ms)) == ("cpu", 10)
    assert {each.session.get_session_options().intra_op_num_threads for each in opened} == {1}
