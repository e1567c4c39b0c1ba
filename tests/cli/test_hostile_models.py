"""Checkpoints, specs and artifacts of strangers: refused with one block and exit code 2; their code never runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tiny_crnn
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from crnn_deploy.artifact import SPEC_KEY, open_artifact, read_safetensors
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.models.legere import CompactCrnn, LegereOptions
from crnn_deploy.runtime.opening import open_session

from .workshop import invoke, with_spec

NETWORK = 'from pathlib import Path\nfrom torch import nn\nPath("executed").touch()\nclass Net(nn.Linear):\n    pass\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a checkpoint and its artifact."""
    monkeypatch.chdir(tmp_path)
    save(lambda weights: weights)
    import_checkpoint(ImportConfig(checkpoint="model.pt", output="t.safetensors"))
    return tmp_path


def save(change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    """Write `model.pt` with changed weights."""
    torch.manual_seed(0)
    network = CompactCrnn(LegereOptions(stem=4, channels=(4,) * 6, hidden=5), inputs=1, outputs=4)
    torch.save({"model": change(network.state_dict()), "charset": "abc"}, "model.pt")


def replaced(name: str, tensor: Tensor) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda weights: {**weights, name: tensor}


def refused(command: str, message: str) -> None:
    before = sorted(Path().rglob("*"))
    result = invoke(command)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("✗ ") == 1
    assert message in " ".join(result.stderr.split())
    assert sorted(Path().rglob("*")) == before


def rewritten(tensors: dict[str, Tensor]) -> None:
    """`bad.safetensors`: the artifact with these tensors in place of its own."""
    spec = open_artifact(Path("t.safetensors")).spec
    whole = {**read_safetensors(Path("t.safetensors")), **tensors}
    save_file(whole, "bad.safetensors", {SPEC_KEY: spec.model_dump_json()})


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("head.bias", torch.tensor([0, math.nan, 0, 0]), "1 weights in model.pt are NaN or infinite: head.bias"),
        ("head.bias", torch.tensor([0, -math.inf, 0, 0]), "NaN or infinite: head.bias"),
        ("head.bias", torch.tensor([0, 1e300, 0, 0], dtype=torch.float64), "NaN or infinite: head.bias"),
        ("stem.1.running_var", torch.full((4,), math.nan), "NaN or infinite: stem.1.running_var"),
        ("stem.1.num_batches_tracked", torch.tensor(math.nan), "NaN or infinite: stem.1.num_batches_tracked"),
        ("head.weight", torch.ones(4, 10, dtype=torch.int8), "whole numbers: head.weight"),
        ("head.bias", torch.ones(4, dtype=torch.bool), "whole numbers: head.bias"),
        ("head.weight", torch.ones(4, 10, dtype=torch.complex64), "head.weight in model.pt is complex"),
        ("head.weight", torch.ones(4, 10, device="meta"), "head.weight in model.pt is on the meta device"),
        ("head.weight", torch.ones(4), "don't fit the network"),
        ("head.weight", torch.tensor(1.0), "axes"),
        ("rnn.weight_hh_l0", torch.ones(15), "axes"),
        ("rnn.weight_hh_l0", torch.ones(0, 0), "hidden"),
        ("stem.0.weight", torch.ones(0, 1, 3, 3), "stem"),
    ],
)
def test_weights_that_no_network_can_hold(name: str, tensor: Tensor, message: str) -> None:
    save(replaced(name, tensor))
    refused("import model.pt -o out.safetensors", message)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_cast_to_fp32(dtype: torch.dtype) -> None:
    save(lambda weights: {name: t.to(dtype) if t.is_floating_point() else t for name, t in weights.items()})
    assert invoke("import model.pt -o out.safetensors").exit_code == 0
    assert read_safetensors(Path("out.safetensors"))["head.weight"].dtype == torch.float32


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.tensor([0, math.nan, 0, 0]), "NaN or infinite: head.bias"),
        (torch.ones(4, dtype=torch.int32), "whole numbers: head.bias"),
        (torch.ones(4).to(torch.float8_e5m2), "head.bias in bad.safetensors is of the format float8_e5m2"),
    ],
)
def test_an_artifact_with_such_weights_is_not_run_and_inspect_says_so(tensor: Tensor, message: str) -> None:
    rewritten({"head.bias": tensor})
    tiny_crnn.image_folder(Path("images"), 1)
    refused("predict images --model bad.safetensors", message)
    refused("export bad.safetensors -o out.onnx", message)
    result = invoke("inspect bad.safetensors --json")
    assert result.exit_code == 0
    assert message in json.loads(result.stdout)["note"]


@pytest.mark.parametrize(
    "spec",
    [
        "preprocessing: {height: 32, std: [.inf]}",
        "preprocessing: {height: 32, mean: [.nan]}",
        "preprocessing: {height: 32, std: [-1]}",
        "preprocessing: {height: 32, max_width: 1000000000000}",
        "preprocessing: {height: 64}",  # the network needs 32 rows
        "name: {a: b}",
        'charset: ["\\ud800", b, c]',
        "blank: 99999999999999999999",
        "metrics: {val: {cer: .nan}}",
        "architecture: {family: legere, options: {layers: 2147483648}}",
        "architecture: {family: legere, options: {hidden: 4096, layers: 16}}",
        "architecture: {family: module, options: {file: evil.py, class_name: Net, sha256: x}}",
        "a: &a [*a]",
    ],
)
def test_specs_that_cannot_be(spec: str) -> None:
    Path("evil.py").write_text(NETWORK)
    Path("spec.yaml").write_text(spec)
    refused("import model.pt --spec spec.yaml -o out.safetensors", "")
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": "1"},
        {"schema_version": 1.5},
        {"schema_version": True},
        {"schema_version": None},
        {"schema_version": -1},
        {"schema_version": 10**30},
        {"blank": 7},
        {"blank": -1},
        {"charset": ["a" * 1000]},
        {"name": "n" * 5000},
        {"lineage": [{"stage": "import", "options": {"a": math.nan}}]},
        {"lineage": [{"stage": "\ud800"}]},
        {"metrics": {"val": {"cer": math.inf}}},
        {"preprocessing": {"height": 2**31}},
        {"preprocessing": {"height": 32, "std": [5e-324]}},
        *({"architecture": {"family": "legere", "options": {size: 2**31}}} for size in ("layers", "hidden", "stem")),
        {"architecture": {"family": "legere", "options": {"channels": [4, 4, 4, 4, 4, 2**40]}}},
        {"architecture": {"family": "easyocr-g2", "options": {"layers": 2**31}}},
        {"architecture": {"family": "easyocr-g2", "options": {"channels": [0, 1, 1, 1]}}},
        {"architecture": {"family": "crnn-bilstm", "options": {"hidden": 10**9}}},
        {"architecture": {"family": "mobilenet-v4-gru", "options": {"width": 1e9}}},
    ],
    ids=str,
)
def test_artifacts_whose_spec_cannot_be(changes: dict[str, Any]) -> None:
    with_spec(Path("t.safetensors"), Path("bad.safetensors"), **changes)
    refused("inspect bad.safetensors", "bad.safetensors" if "architecture" not in changes else "options")


def test_an_architecture_larger_than_its_tensors_takes_no_memory() -> None:
    options = {"stem": 4, "channels": [4] * 6, "hidden": 4096, "layers": 16}  # 20 GB
    with_spec(Path("t.safetensors"), Path("bad.safetensors"), architecture={"family": "legere", "options": options})
    tiny_crnn.image_folder(Path("images"), 1)
    refused("predict images --model bad.safetensors", "don't fit the network")
    assert "don't fit the network" in json.loads(invoke("inspect bad.safetensors --json").stdout)["note"]


@pytest.fixture
def hostile(folder: Path) -> str:
    """An artifact that names a file in this folder, with the right SHA-256."""
    (folder / "evil.py").write_text(NETWORK)
    options = {"file": "evil.py", "class_name": "Net", "sha256": sha256(NETWORK.encode()).hexdigest(), "arguments": {}}
    with_spec(Path("t.safetensors"), Path("art.safetensors"), architecture={"family": "module", "options": options})
    tiny_crnn.image_folder(folder / "lines", 2)
    (folder / "lines" / "labels.tsv").write_text("000.png\tabc\n001.png\tabc\n")
    return "art.safetensors"


def test_inspect_never_runs_the_code_that_an_artifact_names(hostile: str) -> None:
    result = invoke(f"inspect {hostile} --json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["parameters"] > 0
    assert "evil.py" in said["note"]
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    "command",
    [
        "evaluate {} --data lines",
        "predict lines --model {}",
        "benchmark {}",
        "export {} -o out.onnx",
        "distill {} --data lines --epochs 1 -o out.safetensors",
    ],
)
def test_verbs_run_the_code_that_an_artifact_names_only_when_told_to(hostile: str, command: str) -> None:
    refused(command.format(hostile), "Net in evil.py")
    refused(command.format(hostile), "--trust-module")
    assert not Path("executed").exists()
    assert invoke(f"{command.format(hostile)} --trust-module").exit_code == 2  # it is run, and is no network that reads
    assert Path("executed").exists()


def test_a_recipe_runs_the_code_that_it_names_only_when_told_to(hostile: str) -> None:
    Path("spec.yaml").write_text("charset: abc\npreprocessing: {height: 32}\n")
    for baseline in ("{checkpoint: model.pt, module: 'evil.py:Net', spec: spec.yaml}", f"{{checkpoint: {hostile}}}"):
        Path("recipe.yaml").write_text(
            f"name: r\ntitle: R\nbaseline: {baseline}\n"
            "sources: {train: lines, evaluation: lines, calibration: lines}\nbudget: {}\n"
        )
        result = invoke("run recipe.yaml --out runs")
        assert result.exit_code == 2, result.output
        assert not Path("executed").exists()


def test_python_trusts_by_an_argument() -> None:
    Path("evil.py").write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.w = nn.Linear(1, 4)\n    def forward(self, x): return self.w(x.mean(2).transpose(1, 2))\n"
    )
    torch.save(nn.Linear(1, 4).state_dict(), "w.pt")
    weights = {f"w.{name}": tensor for name, tensor in torch.load("w.pt").items()}
    torch.save({"state_dict": {f"model.{name}": tensor for name, tensor in weights.items()}}, "lightning.ckpt")
    Path("spec.yaml").write_text("charset: abc\npreprocessing: {height: 32}\n")
    result = invoke("import lightning.ckpt --module evil.py:Net --spec spec.yaml -o mine.safetensors")
    assert result.exit_code == 0, result.output  # naming a file by hand is trust enough
    artifact = open_artifact("mine.safetensors", trust_module=True)
    assert open_session(artifact).run(torch.zeros(1, 1, 32, 40).numpy()).shape == (1, 40, 4)


def test_weights_of_lightning_and_other_containers_are_recognised() -> None:
    weights = torch.load("model.pt")["model"]
    prefixed = {f"model.{name}": tensor for name, tensor in weights.items()}
    Path("spec.yaml").write_text("charset: abc\n")
    for content in ({"state_dict": prefixed, "epoch": 3}, {"net_state": weights}):
        torch.save(content, "other.ckpt")
        result = invoke("import other.ckpt --spec spec.yaml -o out.safetensors --force")
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize("charset", ['"aba"', '[a, "क्ष", b]'])
def test_charsets_that_repeat_or_hold_classes_of_several_characters(charset: str) -> None:
    Path("spec.yaml").write_text(f"charset: {charset}\n")
    assert invoke("import model.pt --spec spec.yaml -o out.safetensors").exit_code == 0
    tiny_crnn.image_folder(Path("images"), 2)
    assert invoke("predict images --model out.safetensors").exit_code == 0


def test_a_byte_order_mark_in_a_charset_file_is_no_character() -> None:
    Path("chars.txt").write_bytes(b"\xef\xbb\xbfa\nb\nc\n")
    Path("spec.yaml").write_bytes(b"\xef\xbb\xbfcharset_file: chars.txt\n")
    assert invoke("import model.pt --spec spec.yaml -o out.safetensors").exit_code == 0
    assert open_artifact("out.safetensors").spec.charset == ("a", "b", "c")
