from __future__ import annotations

from report.makers import MACHINE

from crnn_deploy.evaluation.result import DatasetFacts
from crnn_deploy.report.run.provenance import dataset_facts, environment_facts


def test_the_machine_and_its_software_are_named() -> None:
    facts = {label: value.replace("\u00a0", " ") for label, value in environment_facts(MACHINE)}
    assert facts["Processor"] == "Example CPU, 4 cores"
    assert facts["Instruction sets"] == "avx2, avx512_vnni"
    assert facts["Memory"] == "16.0 GB"
    assert facts["Packages"] == "torch 2.8.0, onnxruntime 1.22.0"


def test_what_is_not_there_is_left_out() -> None:
    assert "GPUs" not in dict(environment_facts(MACHINE))
    with_gpu = MACHINE.model_copy(update={"gpus": ("Example GPU",)})
    assert dict(environment_facts(with_gpu))["GPUs"] == "Example GPU"


def test_the_recurrent_kernels_are_named_or_said_to_be_missing() -> None:
    label = "INT8 GRU/LSTM kernels"
    assert "FP32" in dict(environment_facts(MACHINE))[label]
    assert dict(environment_facts(MACHINE.model_copy(update={"kernels": "amx"})))[label] == "amx"


def test_what_the_system_does_not_tell_is_left_out() -> None:
    silent = MACHINE.model_copy(update={"memory_bytes": 0, "instruction_sets": ()})
    assert not {"Memory", "Instruction sets"} & dict(environment_facts(silent)).keys()


def test_the_data_are_named_counted_and_fingerprinted() -> None:
    dataset = DatasetFacts(name="lines.tar", count=12345, kind="text", fingerprint="5eed")
    assert [value for _, value in dataset_facts(dataset)] == ["lines.tar", "12,345", "5eed"]
