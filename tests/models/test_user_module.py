"""A user's own network is built from its file, and only from the very file that was imported."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.models.user_module import module_architecture
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

SOURCE = """
from neighbour import SIZE
from torch import nn

class Net(nn.Module):
    def __init__(self, outputs=3):
        super().__init__()
        self.head = nn.Linear(SIZE, outputs)

    def forward(self, x):
        return self.head(x)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "neighbour.py").write_text("SIZE = 5\n")
    file = tmp_path / "net.py"
    file.write_text(SOURCE)
    return file


def spec(module: str, **arguments: object) -> ModelSpec:
    return ModelSpec(
        name="mine",
        charset="ab",
        preprocessing=Preprocessing(height=8),
        architecture=module_architecture(module, arguments),
    )


def test_builds_the_class_with_its_arguments_and_neighbours(source: Path) -> None:
    model = build(spec(f"{source}:Net", outputs=7), trust_module=True)
    assert model(torch.zeros(2, 5)).shape == (2, 7)


def test_refuses_a_file_that_changed_since(source: Path) -> None:
    imported = spec(f"{source}:Net")
    source.write_text(SOURCE + "\n# edited\n")
    with pytest.raises(InputError, match="has changed since") as raised:
        build(imported, trust_module=True)
    assert "Import the checkpoint again" in raised.value.fix


def test_refuses_a_file_that_is_gone(source: Path) -> None:
    imported = spec(f"{source}:Net")
    source.unlink()
    with pytest.raises(InputError, match="does not exist"):
        build(imported, trust_module=True)


@pytest.mark.parametrize("module", ["Net", "net.py", "net.txt:Net", "net.py:not a name"])
def test_refuses_what_names_no_class(module: str) -> None:
    with pytest.raises(InputError, match="names no class"):
        module_architecture(module, {})


def test_names_the_classes_that_there_are(source: Path) -> None:
    with pytest.raises(InputError, match=r"no nn.Module called Other") as raised:
        build(spec(f"{source}:Other"), trust_module=True)
    assert "Net" in raised.value.cause


def test_explains_a_constructor_that_fails(source: Path) -> None:
    with pytest.raises(InputError, match="TypeError") as raised:
        build(spec(f"{source}:Net", wrong=1), trust_module=True)
    assert "arguments" in raised.value.fix


def test_explains_a_file_that_fails_to_run(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(InputError, match="ZeroDivisionError"):
        build(spec(f"{tmp_path / 'broken.py'}:Net"), trust_module=True)


def test_arguments_must_have_names(source: Path) -> None:
    with pytest.raises(InputError, match="is not valid"):
        module_architecture(f"{source}:Net", [1, 2])
