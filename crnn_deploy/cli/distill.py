"""`crnn-deploy distill`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.written_files import show_artifact
from crnn_deploy.training.config import DistillConfig


def distill(config: DistillConfig, as_json: bool) -> None:
    """Train a small MobileNet-GRU student on the readings of teachers and, where there are any, on labels.

    Losses for lines: ctc and dctc (labels), frame-kl, pseudo-labels and features (teachers);
    for classes: cross-entropy (labels), hinton-kd, dist, dkd and features (teachers).

    Without labels the teachers alone teach. Where only some images have labels, readings of the first teacher replace
    the missing ones.

    Ctrl-C keeps the state: the same command continues where it stopped. Under torchrun, processes share the work.

    \b
    Examples:
      crnn-deploy distill teacher.onnx --data train.tar -o student.safetensors
      crnn-deploy distill teacher.onnx --data photos --width 0.5 -o small.safetensors
      crnn-deploy distill teacher.onnx --data train.tar \\
        --student mobilenet-v4-gru:layers=2,residual=true -o deep.safetensors
      crnn-deploy distill a.onnx b.onnx --data photos --no-labels -o c.safetensors
      crnn-deploy distill a.onnx --data photos --no-labels \\
        --extra rendered.tar --loss ctc -o read.safetensors
      crnn-deploy distill a.onnx --data train.tar --loss ctc \\
        --loss frame-kl:until=0.3 --qat 2 -o student.safetensors
      torchrun --nproc-per-node 4 -m crnn_deploy distill teacher.onnx \\
        --data train.tar -o student.safetensors
    """
    with RichProgress() as progress:
        artifact = api.distill(config, progress)
    show_artifact(artifact, config, as_json)
