"""Puts LSTMs and GRUs that arrive as loops, or step by step, back into one node each.

INT8, the plugin of TensorRT and our kernels know those nodes. A layer is taken for one only where its step computes
what ONNX defines, and the model with it gives the same outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import onnx
from onnx import helper

from crnn_deploy.checkpoints.onnx.recurrence.nodes import directions, turns
from crnn_deploy.checkpoints.onnx.recurrence.nodes.layer import NAMES, add_turn, steps_at
from crnn_deploy.checkpoints.onnx.recurrence.nodes.stacks import Stacks, give_step
from crnn_deploy.checkpoints.onnx.recurrence.proof import Proof
from crnn_deploy.checkpoints.onnx.recurrence.search.bodies import Source, body_of
from crnn_deploy.checkpoints.onnx.recurrence.search.looped import Looped, find_looped
from crnn_deploy.checkpoints.onnx.recurrence.search.measuring import measured_on
from crnn_deploy.checkpoints.onnx.recurrence.search.reads import all_reads
from crnn_deploy.checkpoints.onnx.recurrence.search.trace import Trace
from crnn_deploy.checkpoints.onnx.recurrence.search.unrolled import Unrolled, find_unrolled
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.operators import RECURRENT
from crnn_deploy.onnx_graph.pruning import prune
from crnn_deploy.onnx_graph.simplification import simplify
from crnn_deploy.onnx_graph.structure import sort_nodes
from crnn_deploy.onnx_graph.wiring import all_constants, captured, feed_from, names_read, producers_of
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec

_LOOPS = ("Loop", "Scan")
_FEWEST_STEPS = 3
_MANY = 1000  # operators, in which the search takes seconds

Candidate = tuple[str, Callable[[onnx.GraphProto], None]]
"""A layer's name, and what puts its node into a copy of the graph."""


def with_recurrent_nodes(model: onnx.ModelProto, spec: ModelSpec, progress: Progress) -> onnx.ModelProto:
    """The model with recurrent nodes for all layers that were written out, as far as they are found and proved."""
    operators = [node.op_type for node in model.graph.node]
    loops = any(name in _LOOPS for name in operators)
    if not loops and operators.count("Tanh") < _FEWEST_STEPS:
        return model
    if len(operators) > _MANY:
        progress.log(f"Recurrent layers are looked for among {len(operators):,} operators.")
    try:
        simplified = simplify(model)
        reads = all_reads(simplified.graph, all_constants(simplified.graph))
        if not loops and not reads:
            return model
        recovery = _Recovery(simplified, Proof(model, spec, simplified, reads))
    except InputError:
        return model
    recovery.run()
    if not recovery.found:
        return model
    progress.log(f"Recurrent layers that were written out are nodes again: {recovery.found}.")
    return recovery.model


class _Recovery:
    def __init__(self, model: onnx.ModelProto, proof: Proof) -> None:
        NAMES.refuse_in(model.graph)
        self.model = model
        self._before = _layers(model)
        self._proof = proof
        self._refused: set[str] = set()

    @property
    def found(self) -> int:
        """How many recurrent nodes there are more than in the beginning."""
        return _layers(self.model) - self._before

    def run(self) -> None:
        """Change the model until no layer is found any more."""
        while any(self._take(name, change) for name, change in self._candidates()):
            pass

    def _take(self, name: str, change: Callable[[onnx.GraphProto], None]) -> bool:
        if name in self._refused:
            return False
        changed = onnx.ModelProto()
        changed.CopyFrom(self.model)
        del changed.graph.value_info[:]
        change(changed.graph)
        _skip_identities(changed.graph)
        sort_nodes(changed.graph)
        prune(changed.graph)
        if not self._proof.holds(changed):
            self._refused.add(name)
            return False
        self.model = changed
        return True

    def _candidates(self) -> Iterator[Candidate]:
        graph = self.model.graph
        constants = all_constants(graph)
        measured = measured_on(self.model, self._proof.images)
        read = names_read(graph)
        for node in graph.node:
            body = body_of(node)
            for reverse in body.orders if body is not None else ():
                looped = find_looped(body, constants, read, measured, reverse) if body is not None else None
                if looped is not None:
                    yield f"{node.output[0]} {reverse}", partial(_without_loop, name=node.output[0], found=looped)
        for reads in all_reads(graph, constants):
            for unrolled in find_unrolled(Trace(graph, constants, reads), measured):
                yield unrolled.layer.name, partial(_without_steps, found=unrolled)
        if self.found:
            yield from turns.changes(graph)
            yield from directions.changes(graph)


def _layers(model: onnx.ModelProto) -> int:
    return sum(node.op_type in RECURRENT for node in model.graph.node)


def _skip_identities(graph: onnx.GraphProto) -> None:
    """Let what reads the result of an Identity read what that is of."""
    kept = {value.name for value in graph.output}.union(*map(captured, graph.node))
    for node in graph.node:
        if node.op_type == "Identity" and node.output[0] not in kept:
            feed_from(graph, node.output[0], node.input[0])


def _without_loop(graph: onnx.GraphProto, name: str, found: Looped) -> None:
    """Put the layers in the place of the loop whose first output is `name`, in a graph."""
    del graph.node[next(index for index, node in enumerate(graph.node) if name in node.output)]
    for layer in found.layers:
        layer.add_to(graph)
    for output, tensor in found.states.items():
        graph.node.append(helper.make_node("Identity", [tensor], [output], NAMES.name_for("state", output)))
    for output, source in found.sequences.items():
        _give_sequence(graph, source, output)


def _give_sequence(graph: onnx.GraphProto, source: Source, output: str) -> None:
    """Make `output` of the sequence `[T, N, H]`, in the order and with the axis of the steps that it had."""
    tensor = source.tensor
    if source.reverse:
        turned = NAMES.name_for("turned", output)
        add_turn(graph, tensor, turned)
        tensor = turned
    name = NAMES.name_for("given", output)
    if source.axis:
        graph.node.append(helper.make_node("Transpose", [tensor], [output], name, perm=steps_at(source.axis)))
    else:
        graph.node.append(helper.make_node("Identity", [tensor], [output], name))


def _without_steps(graph: onnx.GraphProto, found: Unrolled) -> None:
    """Put a layer in the place of its steps, in a graph."""
    makers = producers_of(graph)
    found.layer.add_to(graph)
    for step, name in enumerate(found.outputs):
        give_step(graph, makers[name], found.layer.sequence, step, list(makers[name].output).index(name))
    if found.last_c:
        makers[found.last_c].output[0] = NAMES.name_for("former", found.last_c)
        graph.node.append(helper.make_node("Identity", [found.layer.last[1]], [found.last_c], found.last_c))
    _stacks(graph).join()
    _stacks(graph).replace()


def _stacks(graph: onnx.GraphProto) -> Stacks:
    constants = all_constants(graph)
    steps = {
        name: (reads.source, index)
        for reads in all_reads(graph, constants)
        if reads.axis == 0
        for index, names in enumerate(reads.tensors)
        for name in names
    }
    return Stacks(graph, constants, steps)
