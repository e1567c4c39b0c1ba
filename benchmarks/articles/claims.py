"""Which claims of the two articles on CRNNs that classify pictures are true? Those that need no long training.

Parameters are counted; networks with random weights are timed in turns in ONNX Runtime, FP32 and our INT8, on one
thread and one picture; a training step over all pixels of a picture runs in a process of its own.

    python benchmarks/articles/claims.py --grey DATA/mnist/train-images-idx3-ubyte.gz \\
        --rgb DATA/cifar100/train_10000.npz -o benchmarks/results/articles
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # of side_by_side and bench_qgru

import memory
import parameters
import speeds
from side_by_side import table, write_results
from verdicts import rows

_EXPLANATION = (
    "Weights are random: size and speed do not depend on training, and nothing is said about accuracy. Ratios are "
    "those of undisturbed times (CPU time of the thread) of runs that took turns in one process: ONNX Runtime, one "
    "thread, one picture, without preprocessing; the 95 % interval is in brackets. INT8 is calibrated on training "
    "pictures. *its-lstm* is `cnn-gru` with LSTM layers and *its-gru* is `cnn-lstm` with GRU layers, and nothing else "
    "is changed; layers alone are those of `bench_qgru.py`. A speed is *true* if the claim lies in the interval, give "
    "or take 2 %, *3× faster* if the whole interval is above 3, *75 % smaller* from 74.5 % on, and a share of "
    "parameters if it differs by no more than a tenth."
)
_NOT_YET = (
    "The gains of LayerNorm, residual connections, Xavier initialisation, dropout, label smoothing, local attention "
    "and dynamic gates, and of distillation into a MobileNet-GRU, are "
    "[on a page of their own](articles-trained-mnist.md). The order of accuracy on CIFAR-100 after 15 epochs, and what "
    "INT8 costs in accuracy, are among [the results](../../docs/results.md)."
)


def main() -> int:
    options = parse_options()
    logging.disable(logging.WARNING)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    load = [os.getloadavg()[0]]
    found: dict[str, Any] = {"memory": memory.measured(options.pixels)}  # first, while this process is small
    found["parameters"] = parameters.measured()
    found["layers"] = speeds.of_layers(options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        sources = {"L": options.grey, "RGB": options.rgb}
        found["networks"] = speeds.of_networks(sources, options.samples, options.seconds, Path(folder))
    load.append(os.getloadavg()[0])
    found["noise"] = speeds.noise([*found["layers"].values(), *found["networks"].values()]) | {"load": load}
    found["claims"] = [*rows(found)]
    settings = {name: getattr(options, name) for name in ("samples", "seconds", "pixels")}
    settings |= {name: Path(source).name for name, source in (("grey", options.grey), ("rgb", options.rgb))}
    write_results(options.output, "The claims of the two articles", blocks(found), [found], settings)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grey", required=True, metavar="SOURCE", help="pictures of 28×28 pixels to calibrate on")
    parser.add_argument("--rgb", required=True, metavar="SOURCE", help="pictures of 32×32 pixels to calibrate on")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--samples", type=int, default=32, help="pictures to calibrate on; a quarter at 224 pixels")
    parser.add_argument("--seconds", type=float, default=0.4, help="time for one network in one group; up to six times")
    parser.add_argument("--pixels", type=int, default=224, help="height and width of the picture of all steps")
    return parser.parse_args()


def blocks(found: Mapping[str, Any]) -> list[str]:
    return [
        _EXPLANATION,
        busy(found["noise"]),
        table(("Claim", "Measured", "True?"), found["claims"], text_columns=3),
        "## What the article's figures would need",
        parameters_explained(found["parameters"]),
        "## What is left",
        _NOT_YET,
    ]


def busy(noise: Mapping[str, Any]) -> str:
    before, after = noise["load"]
    return (
        f"The load average was {before:.1f} before and {after:.1f} after on {os.cpu_count()} cores. The "
        f"median share of interrupted runs was {100 * noise['interrupted']:.0f} %, the worst "
        f"{100 * noise['most_interrupted']:.0f} %. Undisturbed times are known to ±{100 * noise['spread']:.1f} % in "
        f"the median and to ±{100 * noise['most_spread']:.0f} % in the worst case. Milliseconds are in the JSON, but "
        "only ratios are to be relied on."
    )


def parameters_explained(counted: Mapping[str, Any]) -> str:
    given = counted["sizes_that_give"]
    return "\n".join(
        [
            "- Three gates against four make 25 % fewer parameters; an LSTM has 33 % *more* than a GRU.",
            f"- 12.4 M, ResNet-18 at 224 pixels and {sizes(given['resnet18-gru'])}. Ours has two GRU layers of 256 "
            "units in one direction over cells.",
            f"- 15.7 M, ResNet-18 at 224 pixels and {sizes(given['resnet18-lstm'])}. Ours has two LSTM layers of 256 "
            "units in one direction over cells. (Searched: 128, 256 and 512 units, one to three layers, one direction "
            "or both, over cells or rows of the 7×7 map, a head for 100 classes. What the article did is not known.)",
            "- The two cannot be the same network with another cell: as 3 gates against 4, 12.4 M and 15.7 M leave "
            f"{counted['article_rest_millions']:.1f} M for everything but the recurrent layers, and ResNet-18 has "
            "11.2 M.",
            "- So 21 % fewer parameters are not what a GRU brings behind ResNet-18; for that its recurrent layers "
            f"would need {counted['gru_for_21_percent_millions']:.0f} M as GRU.",
            "- The article's times do not give 19 % either: 18.2 / 12.5 is 1.46 for LSTM-CNN against GRU-CNN. And a "
            "GRU behind ResNet-18 cannot be faster than ResNet-18 alone, of which it has all layers.",
        ]
    )


def sizes(found: list[Mapping[str, Any]]) -> str:
    """Recurrent layers in words."""
    texts = [
        f"{each['layers']} × {each['cell'].upper()} of {each['hidden']} units "
        f"{'in both directions' if each['bidirectional'] else 'in one direction'} over {each['steps']}"
        for each in found
    ]
    return "either " + " or ".join(texts) if len(texts) > 1 else "".join(texts) or "none of the sizes searched"


if __name__ == "__main__":
    sys.exit(main())
