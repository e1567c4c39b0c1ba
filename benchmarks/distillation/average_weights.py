"""Averages students that were trained apart from the same weights, as `distill --soup` averages its own trainings.

python benchmarks/distillation/average_weights.py a.safetensors b.safetensors -o average.safetensors
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from crnn_deploy.artifact import open_artifact, read_safetensors, write_safetensors
from crnn_deploy.spec import LineageStep
from crnn_deploy.training.soup import average


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("students", nargs="+", type=Path, help=".safetensors of one architecture; the first names all")
    parser.add_argument("-o", "--output", type=Path, required=True, help=".safetensors to write")
    arguments = parser.parse_args()

    members = [open_artifact(path) for path in arguments.students]
    spec = members[0].spec
    if any(member.spec.alphabet != spec.alphabet for member in members):
        parser.error("these students read different characters")
    step = LineageStep(
        stage="average",
        parent_sha256=members[0].sha256,
        tools={"torch": torch.__version__},
        notes={"members": [member.sha256 for member in members]},
    )
    weights = average([read_safetensors(member.path) for member in members])
    write_safetensors(arguments.output, weights, spec.after(step, metrics={}), force=True)


if __name__ == "__main__":
    main()
