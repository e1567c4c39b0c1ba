"""Compiles the plugin and finds it in the cache. In most tests a fast script replaces nvcc."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crnn_deploy.cache_limit import LIMIT_VARIABLE, cache_entries
from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import build_plugin, plugin_library, sources
from crnn_deploy.native.plugin.building import ARCHITECTURES
from crnn_deploy.native.plugin.config import PluginConfig
from crnn_deploy.native.plugin.record import read_build

from .conftest import PTXAS

CONFIG = PluginConfig()
FAT_BINARY = struct.pack("<I", 0xBA55ED50)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def command_of(library: Path) -> list[str]:
    """The arguments of the compiler, which the replacement of nvcc writes to its output."""
    return library.read_text().split()


def fat_binary(library: Path) -> tuple[set[str], set[str]]:
    """Architectures with machine code and with intermediate code, from the headers in the embedded binary."""
    content = library.read_bytes()
    by_kind: dict[int, set[str]] = {1: set(), 2: set()}  # kinds: PTX, machine code
    start = content.find(FAT_BINARY)
    while start >= 0:
        header, size = struct.unpack_from("<HQ", content, start + 6)
        position, end = start + header, start + header + size
        while position < end:
            kind, header, size = struct.unpack_from("<HxxIQ", content, position)
            by_kind[kind].add(f"sm{struct.unpack_from('<I', content, position + 28)[0]}")
            position += header + size
        start = content.find(FAT_BINARY, end)
    return by_kind[2], by_kind[1]


class Counted:
    """A `Progress` that records what it counts."""

    def __init__(self) -> None:
        self.totals: list[int] = []
        self.seen: list[str] = []

    def track(self, items, description, total, done=0):
        self.totals.append(total)
        for item in items:
            self.seen.append(item)
            yield item

    def status(self, text):
        pass

    def log(self, text):
        pass


def test_the_real_one_holds_code_for_all_architectures(plugin):
    assert plugin.architectures == ARCHITECTURES
    assert plugin.sources_sha256 == sources.sources_digest()
    assert plugin.path.stat().st_size == plugin.bytes
    machine, intermediate = fat_binary(plugin.path)
    assert machine == set(ARCHITECTURES)
    assert intermediate == {ARCHITECTURES[-1]}


def test_the_real_one_records_every_kernel_on_every_architecture(plugin):
    kernels = {name: {r.kernel for r in plugin.resources if r.architecture == name} for name in ARCHITECTURES}
    assert len(set(map(frozenset, kernels.values()))) == 1
    assert any("gru" in name for name in kernels["sm89"])
    assert len(plugin.resources) == len(ARCHITECTURES) * len(kernels["sm89"])
    assert all(0 < kernel.registers <= 255 for kernel in plugin.resources)


def test_spilled_registers_are_noticed(plugin):
    assert [kernel for kernel in plugin.resources if kernel.spilled_bytes > 0] == []


@pytest.mark.usefixtures("cache")
def test_architectures_are_those_that_nvcc_knows(fake_nvcc):
    fake_nvcc()
    built = build_plugin(CONFIG)
    assert built.architectures == ("sm89", "sm90")
    command = command_of(built.path)
    assert [word for word in command if word.startswith("arch=")] == [
        "arch=compute_89,code=sm_89",
        "arch=compute_90,code=[sm_90,compute_90]",
    ]
    assert {"-O3", "-std=c++17", "all-warnings"} <= set(command)


@pytest.mark.usefixtures("cache")
def test_one_architecture(fake_nvcc):
    fake_nvcc()
    built = build_plugin(PluginConfig(architectures=("sm89",)))
    assert built.architectures == ("sm89",)
    assert "arch=compute_89,code=[sm_89,compute_89]" in command_of(built.path)


@pytest.mark.parametrize("name", ["sm60", "sm_89", "89", ""])
def test_unknown_architectures_are_refused(cache, fake_nvcc, name):
    fake_nvcc()
    with pytest.raises(InputError, match=f"'{name}'") as raised:
        build_plugin(PluginConfig(architectures=("sm89", name)))
    assert "sm89, sm90" in raised.value.cause
    assert files_in(cache) == set()


@pytest.mark.usefixtures("cache")
def test_figures_are_recorded_and_come_back_from_the_cache(fake_nvcc):
    fake_nvcc()
    progress = Counted()
    first = build_plugin(CONFIG, progress)
    assert [(r.architecture, r.registers, r.spilled_bytes, r.shared_bytes) for r in first.resources] == [
        ("sm89", 89, 12, 128),
        ("sm90", 90, 12, 128),
    ]
    assert (progress.totals, progress.seen) == ([2], ["sm90", "sm89"])
    again = build_plugin(CONFIG)
    assert again.from_cache
    assert not first.from_cache
    assert dataclasses.replace(again, from_cache=False) == first
    assert plugin_library() == first.path


@pytest.mark.usefixtures("cache")
def test_builds_that_were_not_used_make_room(fake_nvcc, monkeypatch):
    fake_nvcc()
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    build_plugin(CONFIG)
    newer = build_plugin(PluginConfig(architectures=("sm90",)))
    assert [entry.path for entry in cache_entries("plugin")] == [newer.path.parent]
    assert plugin_library() == newer.path


@pytest.mark.usefixtures("cache")
def test_compiled_again_when_something_changes(fake_nvcc, monkeypatch, tmp_path):
    path = fake_nvcc()
    folders = {build_plugin(CONFIG).path.parent, build_plugin(PluginConfig(architectures=("sm90",))).path.parent}
    path.write_text(path.read_text().replace("12.9.86", "12.9.87"))
    folders.add(build_plugin(CONFIG).path.parent)
    edited = tmp_path / "tensorrt"
    edited.mkdir()
    for source in sources.SOURCES.iterdir():
        (edited / source.name).write_bytes(source.read_bytes())
    (edited / "gru.h").write_text("// edited")
    monkeypatch.setattr(sources, "SOURCES", edited)
    assert plugin_library() is None  # there is none of the current sources
    built = build_plugin(CONFIG)
    assert len({*folders, built.path.parent}) == 4
    assert plugin_library() == built.path


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("damage", ["library", "record", "no record", "no library"])
def test_a_damaged_build_is_compiled_again(fake_nvcc, damage):
    fake_nvcc()
    library = build_plugin(CONFIG).path
    record = library.with_name("plugin.json")
    if damage == "library":
        library.write_bytes(library.read_bytes()[:-1])
    elif damage == "record":
        record.write_text("[]")
    else:
        (record if damage == "no record" else library).unlink()
    assert plugin_library() is None
    assert not build_plugin(CONFIG).from_cache
    assert plugin_library() == library


def test_a_failed_compilation_tells_why_and_leaves_nothing(cache, fake_nvcc):
    fake_nvcc(PTXAS + "\necho 'gru.cu(7): error: identifier is undefined' >&2; exit 2")
    with pytest.raises(InputError, match=r"12\.9\.86 could not compile") as raised:
        build_plugin(CONFIG)
    assert raised.value.cause == "gru.cu(7): error: identifier is undefined"
    assert "NVCC_CCBIN" in raised.value.fix
    assert files_in(cache) == set()
    assert plugin_library() is None


def ended(pid: int) -> bool:
    """Whether a process has ended; where nobody waits for it, Linux still lists it, in state Z."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def test_interrupted_it_leaves_nothing_running_and_no_half_written_file(cache, fake_nvcc, tmp_path):
    fake_nvcc(f'echo $$ > "{tmp_path}/pid"; mktemp; sleep 60')
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    script = "from crnn_deploy.native.plugin import cached_plugin; cached_plugin(())"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # because background jobs ignore SIGINT
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not list(scratch.rglob("tmp.*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert files_in(cache) == set()
    assert files_in(scratch) == set()
    pid = int((tmp_path / "pid").read_text())
    while not ended(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.usefixtures("cache")
def test_the_output_is_a_copy(fake_nvcc, tmp_path):
    fake_nvcc()
    output = tmp_path / "out" / "plugin.so"
    built = build_plugin(PluginConfig(output=output))
    assert built.path == output
    cached = plugin_library()
    assert cached is not None
    assert output.read_bytes() == cached.read_bytes()
    with pytest.raises(InputError, match="already exists"):
        build_plugin(PluginConfig(output=output))
    output.write_text("old")
    build_plugin(PluginConfig(output=output, force=True))
    assert output.read_bytes() == cached.read_bytes()


def test_the_record_says_nothing_of_this_machine(cache, fake_nvcc):
    fake_nvcc()
    folder = build_plugin(CONFIG).path.parent
    assert {"path", "from_cache"}.isdisjoint(json.loads((folder / "plugin.json").read_text()))
    moved = cache / "elsewhere"
    folder.rename(moved)
    build = read_build(moved)
    assert build is not None
    assert build.path.parent == moved
