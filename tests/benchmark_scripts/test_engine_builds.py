"""The table of engine builds holds what was built, and why the rest was not."""

from __future__ import annotations

from pathlib import Path

import engine_builds
import pytest
from tiny_crnn import image_folder, register, tiny_artifact, tiny_spec

from crnn_deploy.api import export
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.native.plugin import BuiltPlugin, KernelResources


def test_a_row_for_each_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed")
    register(monkeypatch)
    monkeypatch.setattr(engine_builds, "TARGETS", (("sm89",), ("sm75",)))
    monkeypatch.setenv("CRNN_DEPLOY_PLUGIN", "")  # so that builds with the plugin are refused
    model = export(ExportConfig(model=tiny_artifact(tmp_path, tiny_spec()).path, output=tmp_path / "tiny.onnx")).path
    rows = engine_builds.builds(model, str(image_folder(tmp_path / "images", 16)), tmp_path)
    assert len(rows) == 12
    for row in rows:
        built = not row["plugin"] and (row["targets"] == ("sm89",) or row["precision"] == "fp16")
        assert ("bytes" in row) is built, row
        assert built or row["refused"]
    kernel = KernelResources(kernel="gru<float>", architecture="sm89", registers=90, spilled_bytes=0, shared_bytes=0)
    plugin = BuiltPlugin(tmp_path, "0", 1, "0", "13.0", ("sm89",), 1.0, (kernel,), from_cache=True)
    text = "\n".join(engine_builds.markdown({"date": "2026-01-01", "profile": "p", "rows": rows}, plugin))
    assert "| tiny | loop | sm75 | refused |" in text
    assert "sm89 90" in text
    assert "There is no plugin library" in text
