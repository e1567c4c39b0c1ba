"""A user's own network is taken as training code has it, and exports, without a change to its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from checkpoints.families.conftest import Importing, importing

from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import load_model
from crnn_deploy.models.user_module import UserModuleOptions

__all__ = ["importing"]

FILE = """
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, 2, 1)
        self.average = nn.AdaptiveAvgPool2d((None, 1))
        self.rows = nn.AdaptiveMaxPool2d((1, None))
        self.halves = nn.AdaptiveAvgPool2d((2, None))
        self.rnn = nn.GRU(8, 8, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 4)

    def features(self, x):
        return self.conv(x).mean(2).transpose(1, 2)

"""
NETWORKS = {
    "adaptive mean": "def forward(self, x): return self.head(self.rnn(self.average(self.conv(x).permute(0, 3, 1, 2))"
    ".squeeze(3))[0])",
    "adaptive maximum": "def forward(self, x): return self.head(self.rnn(self.rows(self.conv(x)).squeeze(2)"
    ".transpose(1, 2))[0])",
    "adaptive rows": "def forward(self, x): return self.head(self.rnn(self.halves(self.conv(x)).sum(2)"
    ".transpose(1, 2))[0])",
    "adaptive mean by a function": "def forward(self, x): return self.head(self.rnn(nn.functional.adaptive_avg_pool2d("
    "self.conv(x), (1, None)).squeeze(2).transpose(1, 2))[0])",
    "pooled over the height of the tensor": """
    def forward(self, x):
        y = self.conv(x)
        pooled = nn.functional.max_pool2d(y, [y.size(2), 1]) + nn.functional.avg_pool2d(y, (y.shape[2], 1), stride=1)
        halves = nn.functional.max_pool2d(y, kernel_size=(y.size(2) // 2, 1), stride=(y.size(2) // 2, 1)).sum(2)
        return self.head(self.rnn((pooled.squeeze(2) + halves).transpose(1, 2))[0])
""",
    "scaled by the mean of all pixels": """
    def forward(self, x):
        y = self.conv(x)
        return self.head(self.rnn((y * nn.functional.avg_pool2d(y, y.size()[2:])).mean(2).transpose(1, 2))[0])
""",
    "text": "def forward(self, x, text, is_train=True): return self.head(self.rnn(self.features(x))[0])",
    "time first": "def forward(self, x): return self.head(self.rnn(self.features(x))[0]).transpose(0, 1)",
    "frames last": "def forward(self, x): return self.head(self.rnn(self.features(x))[0]).transpose(1, 2)",
    "probabilities": "def forward(self, x): return self.head(self.rnn(self.features(x))[0]).softmax(-1)",
    "probabilities with frames last": "def forward(self, x): return self.head(self.rnn(self.features(x))[0])"
    ".transpose(1, 2).softmax(1)",
    "packed": """
    def forward(self, x):
        y = self.features(x)
        lengths = torch.full((y.shape[0],), y.shape[1])
        packed = pack_padded_sequence(y, lengths, batch_first=True, enforce_sorted=False)
        return self.head(pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0])
""",
    "packed by its long name": """
    def forward(self, x):
        y = self.features(x)
        packed = nn.utils.rnn.pack_padded_sequence(y, [y.shape[1]] * y.shape[0], batch_first=True)
        return self.head(nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0])
""",
}
PLAIN = "def forward(self, x): return self.head(self.rnn(self.features(x))[0])"
SPEC = "{charset: abc, preprocessing: {height: 32}}"


def saved(folder: Path, forward: str) -> torch.nn.Module:
    (folder / "own.py").write_text(FILE + "    " + forward.strip() + "\n", encoding="utf-8")
    names: dict[str, type[torch.nn.Module]] = {}
    exec((folder / "own.py").read_text(encoding="utf-8"), names)
    torch.manual_seed(0)
    return names["Net"]().eval()


@pytest.mark.parametrize("forward", NETWORKS.values(), ids=NETWORKS)
def test_it_exports_and_reads_as_its_code_does(tmp_path: Path, importing: Importing, forward: str) -> None:
    network = saved(tmp_path, forward)
    artifact = importing(network.state_dict(), spec=SPEC, module=f"{tmp_path / 'own.py'}:Net")
    trusted = ExportConfig(model=artifact.path, output=tmp_path / "own.onnx", trust_module=True)
    assert export(trusted).path.exists()  # which proves that both read the same


@pytest.mark.parametrize(
    ("name", "layout", "frames_last", "probabilities"),
    [
        ("time first", "TNC", False, False),
        ("frames last", "NTC", True, False),
        ("probabilities with frames last", "NTC", True, True),
        ("text", "NTC", False, False),
    ],
)
def test_the_form_of_its_outputs_is_found(
    tmp_path: Path, importing: Importing, name: str, layout: str, frames_last: bool, probabilities: bool
) -> None:
    network = saved(tmp_path, NETWORKS[name])
    artifact = importing(network.state_dict(), spec=SPEC, module=f"{tmp_path / 'own.py'}:Net")
    assert artifact.spec.output_layout == layout
    assert artifact.spec.architecture is not None
    form = UserModuleOptions(**artifact.spec.architecture.options).output
    assert (form.frames_last, form.probabilities, form.packed) == (frames_last, probabilities, False)


def test_logits_are_given_for_probabilities_with_frames_last(tmp_path: Path, importing: Importing) -> None:
    network = saved(tmp_path, NETWORKS["probabilities with frames last"])
    artifact = importing(network.state_dict(), spec=SPEC, module=f"{tmp_path / 'own.py'}:Net")
    trusted = type(artifact)(**{**vars(artifact), "trust_module": True})
    x = torch.randn(2, 1, 32, 64)
    logits = load_model(trusted)(x)
    assert torch.allclose(logits.softmax(-1), network(x).transpose(1, 2), atol=1e-6)


def test_a_layout_that_the_spec_states_is_not_replaced(tmp_path: Path, importing: Importing) -> None:
    network = saved(tmp_path, NETWORKS["time first"])
    with pytest.raises(InputError, match="expected logits"):
        importing(
            network.state_dict(),
            spec=SPEC.replace("{", "{output_layout: NTC, ", 1),
            module=f"{tmp_path / 'own.py'}:Net",
        )


def test_packing_that_matters_stays(tmp_path: Path, importing: Importing) -> None:
    forward = NETWORKS["packed"].replace("y.shape[1])\n", "y.shape[1] // 2)\n")
    network = saved(tmp_path, forward)
    artifact = importing(network.state_dict(), spec=SPEC, module=f"{tmp_path / 'own.py'}:Net")
    assert artifact.spec.architecture is not None
    assert UserModuleOptions(**artifact.spec.architecture.options).output.packed


def test_a_line_that_cannot_be_exported_is_named(
    tmp_path: Path, importing: Importing, capfd: pytest.CaptureFixture[str]
) -> None:
    network = saved(tmp_path, PLAIN.replace("self.features(x)", "torch.special.bessel_j0(self.features(x))"))
    artifact = importing(network.state_dict(), spec=SPEC, module=f"{tmp_path / 'own.py'}:Net")
    with pytest.raises(InputError, match="cannot be exported") as refusal:
        export(ExportConfig(model=artifact.path, output=tmp_path / "own.onnx", trust_module=True))
    lines = (tmp_path / "own.py").read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "bessel" in line)
    assert f"own.py, line {number}" in refusal.value.cause
    assert len(str(refusal.value).splitlines()) <= 4
    assert capfd.readouterr().out == ""


def _pooled_to_columns(folder: Path, importing: Importing, width: str) -> ExportConfig:
    pooling = "nn.functional.adaptive_avg_pool2d(self.conv(x), (1, 7)).squeeze(2).transpose(1, 2)"
    network = saved(folder, PLAIN.replace("self.features(x)", pooling))
    spec = SPEC.replace("32", f"32{width}")
    artifact = importing(network.state_dict(), spec=spec, module=f"{folder / 'own.py'}:Net")
    return ExportConfig(model=artifact.path, output=folder / "own.onnx", trust_module=True)


def test_a_fixed_number_of_columns_is_refused_with_its_line(tmp_path: Path, importing: Importing) -> None:
    config = _pooled_to_columns(tmp_path, importing, "")
    with pytest.raises(InputError, match="for any width") as refusal:
        export(config)
    last = len((tmp_path / "own.py").read_text(encoding="utf-8").splitlines())
    assert f"own.py, line {last}" in refusal.value.cause


def test_a_fixed_number_of_columns_of_a_fixed_width_exports(tmp_path: Path, importing: Importing) -> None:
    assert export(_pooled_to_columns(tmp_path, importing, ", width: 64")).path.exists()


def test_what_it_prints_is_kept_from_the_results(
    tmp_path: Path, importing: Importing, capfd: pytest.CaptureFixture[str]
) -> None:
    network = saved(tmp_path, PLAIN.replace("return", "print('inside'); return"))
    artifact = importing(network.state_dict(), spec=SPEC, module=f"{tmp_path / 'own.py'}:Net")
    export(ExportConfig(model=artifact.path, output=tmp_path / "own.onnx", trust_module=True))
    printed = capfd.readouterr()
    assert ("inside" in printed.out, "inside" in printed.err) == (False, True)


def test_a_missing_spec_is_told(tmp_path: Path) -> None:
    torch.save(saved(tmp_path, PLAIN).state_dict(), tmp_path / "own.pth")
    config = ImportConfig(
        checkpoint=tmp_path / "own.pth", output=tmp_path / "out.safetensors", module=f"{tmp_path / 'own.py'}:Net"
    )
    with pytest.raises(InputError, match="needs a spec"):
        import_checkpoint(config)
