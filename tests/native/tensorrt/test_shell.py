"""Calls the plugin as TensorRT does, from the creator to the start of the kernel, with `plugin_host`."""

from __future__ import annotations

import ctypes
import re
import subprocess
from itertools import product

import pytest
import torch
from plugin_host.host import HostedPlugin, PluginHost, gru_fields
from plugin_host.library import CHW2, FLOAT, HALF, INT8, INT32, RUNTIME, Tensor

from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION

from .gru_node import BATCH, DIRECTIONS, HIDDEN, OPTIONAL, STEPS, tensors

ANYTHING = (FLOAT, HALF, INT8, INT32)


def layer(host: PluginHost, direction: str = "forward", hidden: int = HIDDEN) -> HostedPlugin:
    plugin = host.create(gru_fields(hidden, direction))
    assert plugin is not None
    return plugin


def replaced(tensors: list[Tensor], position: int, tensor: Tensor) -> list[Tensor]:
    return [tensor if index == position % len(tensors) else old for index, old in enumerate(tensors)]


def unknown(tensors: list[Tensor]) -> list[Tensor]:
    """The tensors with unknown batch and width, as while TensorRT builds an engine."""
    first, *others, last = tensors
    return [first._replace(shape=(-1, -1, first.shape[2])), *others, last._replace(shape=(-1, -1, last.shape[2]))]


def test_only_what_is_meant_to_be_seen_is_exported(plugin):
    listed = subprocess.run(["nm", "-D", "--defined-only", plugin.path], capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in listed.stdout.splitlines()}
    assert names == {"getCreators", "getPluginCreators", "setLoggerFinder", "crnn_deploy_gru"}


def test_nothing_of_cuda_or_tensorrt_is_needed_to_load_it(plugin):
    listed = subprocess.run(["ldd", plugin.path], capture_output=True, text=True, check=True).stdout
    assert not re.search("nv|cuda|stdc", listed)


def test_the_creator(host):
    assert host.names == (PLUGIN_NAME, PLUGIN_VERSION, "")
    assert host.fields == [("hidden_size", "INT32"), ("direction", "CHAR")]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("element", [FLOAT, HALF])
@pytest.mark.parametrize("optional", OPTIONAL, ids="+".join)
def test_from_the_creator_to_the_kernel(host, direction, element, optional):
    node = tensors(direction, element, optional)
    built = layer(host, direction)
    assert built.names[:3] == (PLUGIN_NAME, PLUGIN_VERSION, "")
    assert built.names[3:] == ("PLUGIN", "PLUGIN_V3ONE_CORE", "PLUGIN_V3ONE_BUILD", "PLUGIN_V3ONE_RUNTIME")
    assert built.output_type(node) == element
    assert built.output_shape(unknown(node)) == (-1, -1, node[-1].shape[2])
    assert all(built.supports(position, node) for position in range(len(node)))
    assert built.configure(unknown(node)) == 0

    in_engine = host.create(built.clone().serialize(), RUNTIME)
    assert in_engine is not None
    in_context = in_engine.attach()
    assert in_context.change_shapes(node) == 0
    if torch.cuda.is_available():
        pytest.skip("the pointers of this test are not for a GPU")
    assert in_context.enqueue(node, [0x1000] * len(node)) > 0  # a cudaError_t: there is no device


@pytest.mark.parametrize("optional", OPTIONAL, ids="+".join)
def test_one_type_for_all_and_integers_for_lengths(host, optional):
    plugin = layer(host)
    for element, position in product((FLOAT, HALF), range(len(optional) + 4)):
        node = tensors(element=element, optional=optional)
        fits = {kind for kind in ANYTHING if plugin.supports(position, replaced(node, position, Tensor((), kind)))}
        if position == 0:
            assert fits == {FLOAT, HALF}
        elif position == 3 and optional:
            # A fourth and last input is the lengths or the initial state, depending on its type.
            assert fits == ({INT32, element} if len(optional) == 1 else {INT32})
        else:
            assert fits == {element}


def test_only_linear_tensors_and_positions_that_exist(host):
    plugin, node = layer(host), tensors()
    for position, tensor in enumerate(node):
        assert not plugin.supports(position, replaced(node, position, tensor._replace(format=CHW2)))
    assert not plugin.supports(-1, node)
    assert not plugin.supports(len(node), node)


BAD_NODES = {
    "gates of another width": replaced(tensors(), 0, Tensor((BATCH, STEPS, HIDDEN))),
    "gates without batch": replaced(tensors(), 0, Tensor((STEPS, 3 * HIDDEN))),
    "R transposed": replaced(tensors(), 1, Tensor((1, HIDDEN, 3 * HIDDEN))),
    "R of two directions": replaced(tensors(), 1, Tensor((2, 3 * HIDDEN, HIDDEN))),
    "R of rank 2": replaced(tensors(), 1, Tensor((3 * HIDDEN, HIDDEN))),
    "bias of three gates": replaced(tensors(), 2, Tensor((1, 3 * HIDDEN))),
    "bias of another type": replaced(tensors(), 2, Tensor((1, HIDDEN), HALF)),
    "integers": [tensor._replace(type=INT32) for tensor in tensors()],
    "lengths of another batch": replaced(tensors(optional=("lengths",)), 3, Tensor((BATCH + 1,), INT32)),
    "lengths of rank 2": replaced(tensors(optional=("lengths",)), 3, Tensor((BATCH, 1), INT32)),
    "state of another size": replaced(tensors(optional=("initial",)), 3, Tensor((1, BATCH, 8))),
    "state of another batch": replaced(tensors(optional=("initial",)), 3, Tensor((1, 7, HIDDEN))),
    "state of rank 2": replaced(tensors(optional=("initial",)), 3, Tensor((BATCH, HIDDEN))),
    "state before lengths": [*tensors()[:3], Tensor((1, BATCH, HIDDEN)), Tensor((BATCH,), INT32), tensors()[-1]],
    "output of another width": replaced(tensors(), -1, Tensor((BATCH, STEPS, 2 * HIDDEN))),
    "output of other steps": replaced(tensors(), -1, Tensor((BATCH, STEPS + 1, HIDDEN))),
    "output of another batch": replaced(tensors(), -1, Tensor((BATCH + 1, STEPS, HIDDEN))),
    "output of another type": replaced(tensors(), -1, Tensor((BATCH, STEPS, HIDDEN), HALF)),
    "more than 31 bits": [
        tensor._replace(shape=(2**31, *tensor.shape[1:])) if index in (0, 3) else tensor
        for index, tensor in enumerate(tensors())
    ],
    "two inputs": tensors()[:2] + tensors()[-1:],
    "six inputs": [*tensors(optional=("lengths", "initial"))[:-1], Tensor((1,)), tensors()[-1]],
}


@pytest.mark.parametrize("node", BAD_NODES.values(), ids=BAD_NODES)
def test_bad_shapes_are_refused_and_nothing_is_started(host, node):
    plugin = layer(host)
    assert plugin.configure(node) != 0
    assert plugin.change_shapes(tensors()) == 0
    assert plugin.change_shapes(node) != 0
    assert plugin.enqueue(node, [0x1000] * len(node)) == -1


def test_shapes_are_refused_before_sizes_are_known(host):
    plugin = layer(host)
    assert plugin.output_shape(replaced(tensors(), 0, Tensor((-1, -1, HIDDEN)))) is None
    assert plugin.output_shape(replaced(tensors(), 0, Tensor((-1, 3 * HIDDEN)))) is None
    assert plugin.output_shape(replaced(tensors(), 0, Tensor((-1, -1, -1)))) == (-1, -1, HIDDEN)
    assert plugin.output_shape(tensors()[:2] + tensors()[-1:]) is None
    assert plugin.output_type(tensors()[:2] + tensors()[-1:]) is None


def test_two_outputs_are_refused(host):
    plugin, node = layer(host), [*tensors(), tensors()[-1]]
    assert plugin.configure(node, outputs=2) != 0
    assert plugin.output_shape(node, outputs=2) is None
    assert plugin.output_type(node, outputs=2) is None
    assert not plugin.supports(0, node, outputs=2)


def test_capabilities(host):
    plugin = layer(host)
    assert [plugin.has_capability(kind) for kind in range(-1, 4)] == [False, True, True, True, False]


def test_without_shapes_nothing_is_started(host):
    assert layer(host).enqueue(tensors(), [0x1000] * 4) == -1


def test_an_empty_batch_is_no_error(host):
    plugin = layer(host)
    node = [t._replace(shape=(0, *t.shape[1:])) if i in (0, 3) else t for i, t in enumerate(tensors())]
    assert plugin.change_shapes(node) == 0
    assert plugin.enqueue(node, [0] * 4) == 0


def test_the_kernel_can_be_called_without_a_plugin(plugin):
    run = ctypes.CDLL(str(plugin.path)).crnn_deploy_gru
    nothing = [None] * 7
    assert run(0, 0, STEPS, HIDDEN, 1, 0, *nothing) == 0
    assert run(0, BATCH, STEPS, 0, 1, 0, *nothing) > 0
    if not torch.cuda.is_available():
        assert run(0, BATCH, STEPS, HIDDEN, 1, 0, *nothing) > 0


@pytest.mark.usefixtures("host")
def test_libraries_that_are_no_plugin(tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    with pytest.raises(InputError, match="cannot be used"):
        PluginHost(broken)
    with pytest.raises(InputError, match="no TensorRT plugin library"):
        PluginHost("libm.so.6")
