"""kraken's recognisers become networks that compute and read what kraken does; what cannot be is refused."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import kraken_files as files
import numpy as np
import pytest
import torch

from crnn_deploy import api
from crnn_deploy.artifact import open_artifact
from crnn_deploy.checkpoints.families.kraken.family import FAMILY
from crnn_deploy.checkpoints.pytorch.network import load_detected
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.opening import open_session

DISPLAYED = "ܕܗܣܐܕ ܪܝ .ܡܡ ܐܠܠ ܗܠ ܐܘܗ ܟܘܗܢ ܡܡ ܐܠ"
"""What kraken's own tests (`test_mm_rpred_bbox_nobidi`) expect of `overfit.mlmodel` and `000236.png`."""


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    return files.weights()


def mlmodel(path: Path, weights: dict[str, torch.Tensor], **changes: Any) -> Path:
    path.write_bytes(files.coreml(weights, files.metadata(**changes)))
    return path


@pytest.mark.parametrize("ending", ["safetensors", "mlmodel"])
def test_logits_are_those_of_the_description(tmp_path: Path, weights: dict[str, torch.Tensor], ending: str) -> None:
    path = tmp_path / f"m.{ending}"
    written = files.write_safetensors(path, weights) if ending == "safetensors" else mlmodel(path, weights)
    detected = load_detected(written)
    x = torch.rand(2, 1, 12, 61)
    with torch.inference_mode():
        assert detected.family == "kraken"
        torch.testing.assert_close(detected.model(x), files.reference(x, weights), atol=1e-4, rtol=0)
    p = detected.spec.preprocessing
    assert (detected.spec.charset, detected.spec.blank) == (("a", "b", "c"), 0)
    assert (p.height, p.margin, p.invert, p.width_multiple, p.centerline) == (12, 16, True, 1, False)


def test_texts_are_read_in_logical_order_unless_a_spec_file_says_so(
    tmp_path: Path, weights: dict[str, torch.Tensor]
) -> None:
    """kraken learns from labels in display order: the leftmost character first."""
    checkpoint = mlmodel(tmp_path / "m.mlmodel", weights, codec=json.dumps({"א": [1], "ב": [2], "1": [3]}))
    raw = tmp_path / "raw.yaml"
    raw.write_text("text_order: logical\n", encoding="utf-8")
    for spec_file, order, text in ((None, "display", "אב11"), (raw, "logical", "11בא")):
        config = api.ImportConfig(checkpoint=checkpoint, output=tmp_path / "k.safetensors", spec=spec_file, force=True)
        spec = api.import_checkpoint(config).spec
        assert (spec.text_order, spec.text([3, 3, 2, 1])) == (order, text)


def test_an_exported_model_reads_lines_of_any_width(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    imported, exported = tmp_path / "k.safetensors", tmp_path / "k.onnx"
    api.import_checkpoint(api.ImportConfig(checkpoint=mlmodel(tmp_path / "m.mlmodel", weights), output=imported))
    api.export(api.ExportConfig(model=imported, output=exported))
    session = open_session(open_artifact(exported))
    for width in (40, 301):
        x = torch.rand(1, 1, 12, width)
        with torch.inference_mode():
            expected = files.reference(x, weights).numpy()
        np.testing.assert_allclose(session.run(x.numpy()), expected, atol=1e-4)


@pytest.mark.parametrize("block", ["Lfys{L_0}5", "Lby{L_0}5 Mp4,1"])
def test_columns_are_read_from_top_to_bottom(tmp_path: Path, block: str) -> None:
    both = block.startswith("Lb")
    columns, head = torch.nn.LSTM(1, 5, batch_first=True, bidirectional=both), torch.nn.Linear(10 if both else 5, 4)
    parts = {"L_0.layer": columns, "O_2.lin": head}
    weights = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    vgsl = f"[1,4,0,1 {block} O{{O_2}}1c4]"
    path = files.write_safetensors(tmp_path / "m.safetensors", weights, {"x": files.meta(vgsl)})
    imported, exported = tmp_path / "k.safetensors", tmp_path / "k.onnx"
    api.import_checkpoint(api.ImportConfig(checkpoint=path, output=imported))
    api.export(api.ExportConfig(model=imported, output=exported))
    x = torch.rand(1, 1, 4, 50)
    with torch.inference_mode():
        outputs = columns(x[0, 0].T.unsqueeze(-1))[0]  # [W, H, D]
        expected = head(outputs.amax(1) if both else outputs[:, -1])
    np.testing.assert_allclose(open_session(open_artifact(exported)).run(x.numpy())[0], expected.numpy(), atol=1e-4)


def test_half_precision_and_a_second_model(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    models = {"page": files.meta("[1,0,0,3 Cr3,3,4 O2l4]", _tasks=["segmentation"]), "line": files.meta()}
    halves = {name: tensor.half() for name, tensor in weights.items()}
    model = load_detected(files.write_safetensors(tmp_path / "m.safetensors", halves, models)).model
    assert next(model.parameters()).dtype == torch.float32


@pytest.mark.parametrize(
    ("kind", "centred"), [({"seg_type": "bbox"}, True), ({"seg_type": None}, True), ({}, False)], ids=str
)
def test_lines_in_boxes_are_centred(
    tmp_path: Path, weights: dict[str, torch.Tensor], kind: dict[str, Any], centred: bool
) -> None:
    path = files.write_safetensors(tmp_path / "m.safetensors", weights, {"x": files.meta(**kind)})
    assert load_detected(path).spec.preprocessing.centerline is centred


def test_models_without_metadata_recognise(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    spec = load_detected(mlmodel(tmp_path / "m.mlmodel", weights, kraken_meta=None)).spec
    assert spec.preprocessing.centerline


def test_codes_that_belong_together(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    codec = {"x": [1], "ffi": [2, 3], "æ": [2, 1]}
    spec = load_detected(mlmodel(tmp_path / "m.mlmodel", weights, codec=json.dumps(codec))).spec
    assert spec.text([1, 2, 3, 0, 2, 0, 1, 3, 2]) == "xffiæ"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "segmentation": ({"_tasks": ["segmentation"]}, "no model for recognition, but for segmentation"),
    "rows before the head": ({"vgsl": "[1,48,0,1 Cr{C_0}4,2,1,4,2 O{O_1}1c4]"}, "12 rows are left"),
    "heat map": ({"vgsl": "[1,48,0,1 O{O_1}2l4]"}, "only the head of a text recogniser"),
    "parallel": ({"vgsl": "[1,12,0,1 (Cr3,3,4 I) O1c4]"}, "parallel branches"),
    "transposed": ({"vgsl": "[1,12,0,1 CTr3,3,4 O1c4]"}, "transposed"),
    "unknown block": ({"vgsl": "[1,12,0,1 Q3 O1c4]"}, "no such block"),
    "reshape": ({"vgsl": "[1,12,0,1 S1(2x6)1,3 O1c4]"}, "only that of the whole height"),
    "clstm": ({"vgsl": "[1,1,0,12 Lbxc6 O1c4]"}, "clstm and ocropy"),
    "any height": ({"vgsl": "[1,0,0,1 Lbys6 O1c4]"}, "kernel|fixed height|rows are left"),
    "no head": ({"vgsl": "[1,12,0,1 S1(1x0)1,3 Lbx6]"}, "its head"),
    "huge": ({"vgsl": "[1,12,0,1 Cr3,3,999999 O1c4]"}, "outputs"),
    "rows along x": ({"vgsl": "[1,12,0,1 Lfx6 S1(1x0)1,3 O1c4]"}, "kraken itself"),
    "no rows": ({"vgsl": "[1,12,0,1 Mp13,1 S1(1x0)1,3 O1c4]"}, "no row is left"),
    "stride 0": ({"vgsl": "[1,12,0,1 Cr{C_0}3,3,4,0,0 S1(1x0)1,3 O1c4]"}, "stride"),
    "other shapes": ({"vgsl": files.VGSL.replace("3,3,4", "3,5,4")}, "of another shape"),
    "codes": ({"codec": {"a": [4]}}, "the codes 1 to 3"),
    "two texts": ({"codec": {"a": [1], "b": [1]}}, "to two texts"),
    "ambiguous": ({"codec": {"a": [1], "b": [1, 2]}}, "begins with a class that has a text"),
    "no codec": ({"codec": "null"}, "no mapping"),
    "no network": ({"_model": "ROMLP"}, "that crnn-deploy knows"),
    "no vgsl": ({"vgsl": None}, "`vgsl` is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, weights: dict[str, torch.Tensor], case: str) -> None:
    changes, said = REFUSED[case]
    path = files.write_safetensors(tmp_path / "m.safetensors", weights, {files.NAME: files.meta(**changes)})
    with pytest.raises(InputError, match=said):
        load_detected(path)


def test_several_recognisers_are_refused(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    path = files.write_safetensors(tmp_path / "m.safetensors", weights, {"x": files.meta(), "y": files.meta()})
    with pytest.raises(InputError, match="2 models for recognition: x, y"):
        load_detected(path)


def test_damaged_files_are_refused_at_once(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Cut at every 97th byte, and with lengths that go on after the end."""
    content, path = files.coreml(weights, files.metadata()), tmp_path / "m.mlmodel"
    broken = [content[:end] for end in range(0, len(content), 97)]
    broken += [content.replace(b"\x92\x03", b"\xff\xff\xff\xff\x7f", 1), b"\x0a" * 5000, b"\x80" * 20, content * 2]
    broken += [files.coreml(weights, files.metadata(vgsl=None)), files.coreml(weights, files.metadata(codec="[" * 999))]
    for data in broken[1:]:
        path.write_bytes(data)
        start = time.process_time()
        with contextlib.suppress(InputError):
            FAMILY.read(path)
        assert time.process_time() - start < 1


def test_open_is_asked_of_any_file(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"x" * 40)
    (tmp_path / "m.pth").write_bytes(b"PK")
    files.write_safetensors(tmp_path / "m.safetensors", weights)
    opened = {path.name for path in tmp_path.iterdir() if FAMILY.opens(path)}
    assert opened == {"m.safetensors"}


@pytest.mark.parametrize("name", ["overfit.mlmodel", "overfit_bl.safetensors", "merge_codec_nfd.mlmodel"])
def test_real_files_are_imported(shared_data: Path, tmp_path: Path, name: str) -> None:
    folder = _real(shared_data)
    model = tmp_path / "k.safetensors"
    api.import_checkpoint(api.ImportConfig(checkpoint=folder / name, output=model))
    (reading,) = api.predict(api.PredictConfig(images=(str(folder / "000236.png"),), model=model)).readings
    assert reading.text
    if name == "overfit.mlmodel":
        assert reading.text == DISPLAYED[::-1]  # of one direction, and without brackets
        order = tmp_path / "order.yaml"
        order.write_text("text_order: logical\n", encoding="utf-8")
        api.import_checkpoint(api.ImportConfig(checkpoint=folder / name, output=model, spec=order, force=True))
        (raw,) = api.predict(api.PredictConfig(images=(str(folder / "000236.png"),), model=model)).readings
        assert raw.text == DISPLAYED


@pytest.mark.parametrize("name", ["model_small.mlmodel", "model_small.safetensors", "model_small_fp16.safetensors"])
def test_real_files_that_are_no_recognisers(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError, match="12 rows are left"):
        FAMILY.read(_real(shared_data) / name)


def _real(shared_data: Path) -> Path:
    folder = shared_data / "checkpoints" / "kraken"
    if not folder.is_dir():
        pytest.skip(f"kraken's files are not in {folder}")
    return folder
