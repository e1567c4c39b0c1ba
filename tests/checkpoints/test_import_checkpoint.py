"""Every road into the house: known families and the user's own network; and what is turned away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.artifact import open_artifact, read_safetensors
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.models.assembly import load_model
from crnn_deploy.models.legere import CompactCrnn, LegereOptions
from crnn_deploy.models.vgg_lstm import EasyOcrOptions, VggLstm
from crnn_deploy.runtime.opening import open_session

USER_CRNN = """
from torch import nn

class Crnn(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, 2, 1)
        self.rnn = nn.GRU(4, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 4)

    def forward(self, x):
        return self.head(self.rnn(self.conv(x).relu().mean(2).transpose(1, 2))[0])
"""
USER_SPEC = """
charset: xyz
preprocessing: {height: 16}
architecture: {family: module, options: {arguments: {hidden: 6}}}
"""


def easyocr_weights(outputs: int, layers: int = 2) -> dict[str, Tensor]:
    options = EasyOcrOptions(channels=(4, 4, 4, 8), hidden=6, layers=layers)
    names = {"features.": "FeatureExtraction.ConvNet.", "sequence.": "SequenceModeling.", "head.": "Prediction."}
    renamed = {}
    for name, tensor in VggLstm(options, inputs=1, outputs=outputs).state_dict().items():
        ours = next(prefix for prefix in names if name.startswith(prefix))
        renamed[f"module.{names[ours]}{name.removeprefix(ours)}"] = tensor
    return renamed


def legere_checkpoint(outputs: int = 4, charset: str | None = "abc") -> dict[str, Any]:
    model = CompactCrnn(LegereOptions(stem=4, channels=(4,) * 6, hidden=5), inputs=1, outputs=outputs)
    return {"model": model.state_dict(), **({"charset": charset} if charset else {})}


def importing(folder: Path, content: Any, **options: Any) -> Any:
    torch.save(content, folder / "given.pth")
    return import_checkpoint(
        ImportConfig(checkpoint=folder / "given.pth", output=folder / "out.safetensors", **options)
    )


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_easyocr_is_recognised_and_keeps_its_weights(tmp_path: Path) -> None:
    weights = easyocr_weights(outputs=97, layers=1)
    artifact = importing(tmp_path, weights)
    assert artifact.spec.architecture.family == "easyocr-g2"
    assert artifact.spec.architecture.options["layers"] == 1
    assert artifact.spec.num_outputs == 97
    assert artifact.spec.alphabet[1] == "0"
    stored = read_safetensors(artifact.path)
    assert torch.equal(stored["head.weight"], weights["module.Prediction.weight"])
    assert load_model(artifact)(torch.zeros(1, 1, 64, 64)).shape == (1, 15, 97)


def test_legere_brings_its_charset(tmp_path: Path) -> None:
    artifact = importing(tmp_path, legere_checkpoint())
    assert artifact.spec.charset == ("a", "b", "c")
    assert artifact.spec.name == "legere"


def test_lineage_names_the_original_file(tmp_path: Path) -> None:
    (step,) = importing(tmp_path, legere_checkpoint()).spec.lineage
    assert step.stage == "import"
    assert step.parent_sha256 == sha256_of(tmp_path / "given.pth")
    assert step.tools == {"torch": torch.__version__}


def test_the_same_checkpoint_gives_the_same_bytes(tmp_path: Path) -> None:
    content = legere_checkpoint()
    first = importing(tmp_path, content).sha256
    assert importing(tmp_path, content, force=True).sha256 == first


def test_a_spec_wins_over_what_was_detected(tmp_path: Path) -> None:
    spec = write(tmp_path / "s.yaml", "charset: äöü\npreprocessing: {width_multiple: 16}\n")
    artifact = importing(tmp_path, legere_checkpoint(charset=None), spec=spec)
    assert artifact.spec.charset == ("ä", "ö", "ü")
    assert artifact.spec.preprocessing.width_multiple == 16
    assert artifact.spec.preprocessing.height == 32


def test_a_charset_that_does_not_fit_the_head_is_refused(tmp_path: Path) -> None:
    for content in (easyocr_weights(outputs=50), legere_checkpoint(outputs=9)):
        with pytest.raises(InputError, match="charset doesn't fit the head") as raised:
            importing(tmp_path, content)
        assert "--spec" in raised.value.fix
    assert not (tmp_path / "out.safetensors").exists()


def test_a_network_without_recurrence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recurrent layer") as raised:
        importing(tmp_path, nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 7, 1)).state_dict())
    assert "1→4 3×3" in raised.value.cause
    assert "4 tensors" in raised.value.cause


def test_an_unknown_crnn_is_refused_with_what_was_found(tmp_path: Path) -> None:
    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.rnn = nn.Conv2d(1, 4, 3), nn.LSTM(4, 5, bidirectional=True)

    with pytest.raises(InputError, match=r"architecture of .* is unknown") as raised:
        importing(tmp_path, Other().state_dict())
    assert "rnn LSTM 4→5, both directions" in raised.value.cause
    assert "--module FILE.py:Class --spec SPEC.yaml" in raised.value.fix


def test_weights_of_another_shape_are_listed(tmp_path: Path) -> None:
    content = legere_checkpoint()
    content["model"]["stem.1.weight"] = torch.ones(3)
    del content["model"]["head.bias"]
    with pytest.raises(InputError, match="don't fit the network") as raised:
        importing(tmp_path, content)
    assert "1 missing in the file: head.bias" in raised.value.cause
    assert "stem.1.weight [3] for [4]" in raised.value.cause


@pytest.fixture
def user(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A user's network with its weights' shapes, and the options to import it."""
    module = f"{write(tmp_path / 'net.py', USER_CRNN)}:Crnn"
    return tmp_path, {"module": module, "spec": write(tmp_path / "spec.yaml", USER_SPEC)}


def user_weights(hidden: int = 6) -> dict[str, Tensor]:
    layers = {"conv": nn.Conv2d(1, 4, 3, 2, 1), "rnn": nn.GRU(4, hidden), "head": nn.Linear(hidden, 4)}
    return nn.ModuleDict(layers).state_dict()


def test_a_users_network_goes_all_the_way_to_logits(user: tuple[Path, dict[str, Any]]) -> None:
    folder, options = user
    importing(folder, user_weights(), **options)
    artifact = open_artifact(folder / "out.safetensors", trust_module=True)
    assert artifact.spec.architecture is not None
    assert artifact.spec.architecture.options["arguments"] == {"hidden": 6}
    logits = open_session(artifact).run(torch.zeros(2, 1, 16, 40).numpy())
    assert logits.shape == (2, 20, 4)


def test_a_users_network_needs_a_spec(user: tuple[Path, dict[str, Any]]) -> None:
    folder, options = user
    with pytest.raises(InputError, match="needs a spec"):
        importing(folder, user_weights(), module=options["module"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("charset: xyz", "charset: xy", "charset doesn't fit"),
        ("charset: xyz", "charset: xyz\noutput_layout: TNC", "expected logits"),
        ("charset: xyz", "charset: xyz\ntask: classify\nclass_names: [a, b, c, d]", "expected logits"),
        ("{height: 16}", "{height: 16, channels: RGB}", "fails on an image batch"),
        ("charset: xyz", "charzet: xyz", "is not valid"),
    ],
)
def test_a_spec_that_does_not_fit_the_network_is_refused(
    user: tuple[Path, dict[str, Any]], old: str, new: str, message: str
) -> None:
    folder, options = user
    write(folder / "spec.yaml", USER_SPEC.replace(old, new))
    with pytest.raises(InputError, match=message):
        importing(folder, user_weights(), **options)
    assert not (folder / "out.safetensors").exists()


def test_weights_that_do_not_fit_a_users_network_are_refused(user: tuple[Path, dict[str, Any]]) -> None:
    folder, options = user
    with pytest.raises(InputError, match="don't fit the network"):
        importing(folder, user_weights(hidden=7), **options)


def test_outputs_are_checked_first(tmp_path: Path) -> None:
    importing(tmp_path, legere_checkpoint())
    with pytest.raises(InputError, match="already exists"):
        importing(tmp_path, legere_checkpoint())
    with pytest.raises(InputError, match=r"must end in \.safetensors"):
        import_checkpoint(ImportConfig(checkpoint=tmp_path / "given.pth", output=tmp_path / "out.onnx"))


def test_an_artifact_needs_no_import(tmp_path: Path) -> None:
    importing(tmp_path, legere_checkpoint())
    config = ImportConfig(checkpoint=tmp_path / "out.safetensors", output=tmp_path / "again.safetensors")
    with pytest.raises(InputError, match="artifact already"):
        import_checkpoint(config)


@pytest.mark.parametrize(
    ("file", "outputs"), [("easyocr_english_g2/english_g2.pth", 97), ("legere_bigru/model.pt", 122)]
)
def test_the_real_checkpoints_are_recognised(shared_data: Path, tmp_path: Path, file: str, outputs: int) -> None:
    config = ImportConfig(checkpoint=shared_data / "checkpoints" / file, output=tmp_path / "real.safetensors")
    assert import_checkpoint(config).spec.num_outputs == outputs


def test_lprnet_is_refused(shared_data: Path, tmp_path: Path) -> None:
    checkpoint = shared_data / "checkpoints" / "lprnet" / "Final_LPRNet_model.pth"
    with pytest.raises(InputError, match="no recurrent layer"):
        import_checkpoint(ImportConfig(checkpoint=checkpoint, output=tmp_path / "l.safetensors"))
