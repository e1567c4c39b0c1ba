"""Whether this machine can run an engine is explained before TensorRT is asked."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tiny_crnn
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.artifact import open_artifact
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.tensorrt.manifest import (
    EngineManifest,
    EnginePlugin,
    Gpu,
    Machine,
    ShapeProfile,
    check_manifest,
    read_manifest,
    write_manifest,
)

PLAN = b"plan"
HERE = Machine(Gpu("RTX 4090", "sm89"), {"tensorrt-rtx": "1.7.1.116", "tensorrt": "10.3.0.26"}, plugin="1")
PLUGIN = EnginePlugin(name="CrnnGru", version="1", library_sha256="0", embedded=False)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    path = tmp_path / "m.engine"
    path.write_bytes(PLAN)
    return path


def manifest(**changes: Any) -> EngineManifest:
    shape = (1, 1, 32, 100)
    facts = {
        "flavor": "tensorrt-rtx",
        "version": "1.7.1.116",
        "precision": "fp16",
        "compute_capabilities": ("sm86", "sm89"),
        "input_name": "images",
        "output_name": "logits",
        "profiles": (ShapeProfile(min=shape, opt=shape, max=shape),),
        "engine_sha256": sha256(PLAN).hexdigest(),
        "lowered_sha256": "1",
        "parent_sha256": "2",
        "parameters": 3,
        "macs": 4,
        "macs_input": shape,
    }
    return EngineManifest.model_validate(facts | changes)


def full(**changes: Any) -> EngineManifest:
    return manifest(**{"flavor": "tensorrt", "version": "10.3.0.26", **changes})


def here(**changes: Any) -> Machine:
    return Machine(**{**vars(HERE), **changes})


def test_what_fits_passes(engine: Path) -> None:
    check_manifest(manifest(), engine, HERE)
    check_manifest(manifest(plugin=PLUGIN), engine, HERE)
    check_manifest(full(), engine, HERE)


@pytest.mark.parametrize("content", [b"", b"pla", b"plan edited"])
def test_an_edited_file_is_told(engine: Path, content: bytes) -> None:
    engine.write_bytes(content)
    with pytest.raises(InputError, match=r"not the engine that m\.engine\.json describes"):
        check_manifest(manifest(), engine, HERE)


def test_no_gpu_is_told_before_missing_libraries(engine: Path) -> None:
    with pytest.raises(InputError, match=r"needs an NVIDIA GPU \(sm86, sm89\), and this machine has none"):
        check_manifest(manifest(), engine, Machine())


def test_another_gpu_is_told_with_the_way_to_build_for_it(engine: Path) -> None:
    with pytest.raises(InputError, match="built for sm86, sm89, and this machine's L4 is sm90") as caught:
        check_manifest(manifest(), engine, here(gpu=Gpu("L4", "sm90")))
    assert "--fp16 --target sm90" in caught.value.fix


@pytest.mark.parametrize(("capability", "runs"), [("sm75", False), ("sm80", True), ("sm90", True), ("sm120", True)])
def test_hardware_compatible_engines_run_from_ampere_on(engine: Path, capability: str, runs: bool) -> None:
    compatible = full(compute_capabilities=("sm86",), hardware_compatible=True)
    machine = here(gpu=Gpu("Card", capability))
    if runs:
        check_manifest(compatible, engine, machine)
    else:
        with pytest.raises(InputError, match="built for sm86 and later"):
            check_manifest(compatible, engine, machine)


def test_a_missing_flavor_is_told_with_its_package(engine: Path) -> None:
    with pytest.raises(InputError, match=r"needs TensorRT-RTX 1\.7\.1\.116, which is not installed") as caught:
        check_manifest(manifest(), engine, here(flavors={"tensorrt": "10.3.0.26"}))
    assert "TensorRT 10.3.0.26, which cannot read it" in caught.value.cause
    assert caught.value.fix == "pip install tensorrt-rtx-cu13==1.7.1.116"


@pytest.mark.parametrize(
    ("built", "found", "compatible", "runs"),
    [
        ("10.3.0.26", "10.3.0.26", False, True),
        ("10.3.0.26", "10.3.0.30", False, False),
        ("10.3.0.26", "10.4.0.1", False, False),
        ("10.3.0.26", "10.4.0.1", True, True),
        ("10.4.0.1", "10.3.0.26", True, False),
        ("10.9.0.1", "10.10.0.1", True, True),
        ("10.9.0.1", "11.0.0.1", True, True),
        ("10.9.0.1", "12.0.0.1", True, False),
        ("11.0.0.1", "10.9.0.1", True, False),
    ],
)
def test_versions(engine: Path, built: str, found: str, compatible: bool, runs: bool) -> None:
    made = full(version=built, version_compatible=compatible)
    if runs:
        check_manifest(made, engine, here(flavors={"tensorrt": found}))
    else:
        with pytest.raises(InputError, match=f"built by TensorRT {built}, and here is {found}"):
            check_manifest(made, engine, here(flavors={"tensorrt": found}))


@pytest.mark.parametrize(("found", "told"), [(None, "without embedding"), ("2", "Here is version 2")])
def test_a_missing_plugin_is_told_unless_embedded(engine: Path, found: str | None, told: str) -> None:
    with pytest.raises(InputError, match="needs the plugin library with CrnnGru, version 1") as caught:
        check_manifest(manifest(plugin=PLUGIN), engine, here(plugin=found))
    assert told in caught.value.cause
    check_manifest(manifest(plugin=PLUGIN.model_copy(update={"embedded": True})), engine, here(plugin=found))


def test_spec_and_manifest_come_back(engine: Path) -> None:
    spec = tiny_crnn.tiny_spec()
    written = manifest(plugin=PLUGIN)
    write_manifest(engine, spec, written)
    assert read_manifest(engine) == written
    assert open_artifact(engine).spec == spec


def test_a_missing_damaged_or_newer_manifest_is_told(engine: Path) -> None:
    with pytest.raises(InputError, match=r"m\.engine\.json is missing"):
        read_manifest(engine)
    beside = engine.with_name("m.engine.json")
    for damaged in ("", "[]", '{"spec": {}}', '{"engine": 3}'):
        beside.write_text(damaged)
        with pytest.raises(InputError, match="damaged"):
            read_manifest(engine)
    beside.write_text('{"engine": {"schema_version": 1}}')
    with pytest.raises(InputError, match="not valid"):
        read_manifest(engine)
    newer = json.loads(manifest().model_dump_json()) | {"schema_version": 2, "what": "ever"}
    beside.write_text(json.dumps({"engine": newer}))
    with pytest.raises(InputError, match="newer crnn-deploy"):
        read_manifest(engine)


sizes = st.integers(1, 50)


@given(st.lists(st.tuples(sizes, sizes, sizes), min_size=4, max_size=4))
def test_a_profile_holds_what_lies_between_its_ends(axes: list[tuple[int, int, int]]) -> None:
    low, high = tuple(min(axis[:2]) for axis in axes), tuple(max(axis[:2]) for axis in axes)
    shape = tuple(axis[2] for axis in axes)
    inside = all(min(axis[:2]) <= axis[2] <= max(axis[:2]) for axis in axes)
    profile = ShapeProfile.model_validate({"min": low, "opt": low, "max": high})
    assert profile.holds(shape) == inside
