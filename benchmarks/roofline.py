"""How far is each stage of a line, and each kind of node of its network, from the limit of one core?

python benchmarks/roofline.py --data DATA/val.tar -o benchmarks/results/roofline
python benchmarks/roofline.py english_g2.onnx ppocr.onnx --data DATA/val.tar -o /tmp/others
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from side_by_side import table, write_results

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from costs.network import GROUPS, NodeCost, node_costs
from costs.peaks import SIDE, measured_peaks
from costs.stages import NETWORK, timed_line
from costs.work import Cost, Peaks, cost

from crnn_deploy.api import export
from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.benchmark.inputs import data_buckets
from crnn_deploy.data.picture import file_bytes, open_image
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.units import MISSING, quantity, ratio, significant, size
from crnn_deploy.zoo import READER

DEFAULTS = (
    READER,
    READER.with_name("reader.safetensors"),
    Path(__file__).parent / "distillation" / "receipts.int8.onnx",
)
LINE = "the whole line"
COLUMNS = ("", "pieces", "operations", "bytes", "µs", "share", "least µs", "distance", "bound by")
PLACES = 4  # with the most time above the limit, in the paragraph below a table

EXPLANATION = """\
One line of median shape is read again and again on one thread, with warm caches. *Operations* are two for each \
multiply-add of convolutions, matrix products, recurrent layers and resizing; nothing else is counted. *Bytes* are all \
that a node reads, its weights too, and writes; of other stages what goes in and comes out. The *least* time of a node \
is that of its operations or of its bytes at the measured peaks, whichever is longer; that of several nodes is the \
sum, and *bound by* says what needs most of it. *Distance* is the time over the least time.

- The graph is the one that ONNX Runtime makes of the file for this machine, with the channels that it pads.
- Products with the padding of a convolution are counted. A kernel may leave them out, so that the distance can be \
below 1 where pictures are few rows high.
- Bytes are taken to move as quickly as in a copy of as many, or of the next fewer, bytes, which makes the least time \
rather too short.
- Decoding a file and choosing the characters have no multiply-adds that are counted, so that only their bytes limit \
them: their distance says that they compute, not how much of it could be saved.

**Other work on the machine** disturbs times; how much there was says the load average below. So stages are told by \
the CPU time of the thread, as [undisturbed times](../../docs/figures.md#latency-and-speed-up): the lower quartile of \
the fastest runs of ten parts. Peaks are those of the fastest run. Nodes have no CPU time in ONNX Runtime's profile, \
so the mean of the fastest tenth of their runs by the wall clock counts, less what the profile adds to a node that \
computes nothing. It tells whole µs, so that the time of a single node is known to half a µs."""


def main() -> int:
    options = parse_options()
    content = median_line(options.data)
    peaks = measured_peaks(options.rounds, options.seconds, options.side)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in options.models:
            artifact = as_onnx(path, Path(folder))
            rows.append(measure(artifact, content, peaks, options.rounds, options.seconds))
            print(model_block(rows[-1], peaks), file=sys.stderr)
    blocks = [EXPLANATION, peaks_block(peaks), *(model_block(row, peaks) for row in rows)]
    settings = {
        "data": Path(options.data).name,
        "line": described(content),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "threads": 1,
        "batch": 1,
        "load average": f"{os.getloadavg()[0]:.0f}",
    }
    found = [{"peaks": asdict(peaks)}, *map(plain, rows)]
    write_results(options.output, "How far a line is from the limit of the machine", blocks, found, settings)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "models",
        nargs="*",
        type=Path,
        default=DEFAULTS,
        help="artifacts that read lines, .onnx or .safetensors, which is exported; default: the package's reader in "
        "INT8 and in FP32, and the receipts student",
    )
    parser.add_argument("--data", required=True, help="a source of lines; that of median shape is read")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--rounds", type=int, default=2000, help="most rounds of one timing")
    parser.add_argument(
        "--seconds", type=float, default=4, help="time for each stage, for each peak, and for a profile"
    )
    parser.add_argument("--side", type=int, default=SIDE, help="rows and columns of the products that give the peaks")
    return parser.parse_args()


def median_line(data: str) -> bytes:
    """The file of the line whose aspect ratio is the median of the source."""
    ((_, image),) = data_buckets(open_source(data), 1)[0].images
    return file_bytes(image)


def described(content: bytes) -> str:
    """Format and sizes of the file of a line."""
    image = open_image(content, "line")
    return f"{image.format} of {image.width}×{image.height} pixels, {size(len(content))}"


def as_onnx(path: Path, folder: Path) -> Artifact:
    """An artifact in ONNX; weights are exported into `folder`."""
    if path.suffix == ".onnx":
        return open_artifact(path)
    return export(ExportConfig(model=path, output=folder / f"{path.stem}.onnx"))


def measure(artifact: Artifact, content: bytes, peaks: Peaks, rounds: int, seconds: float) -> dict[str, Any]:
    """The costs of the stages of a line, of the groups of nodes, of each node, and of the whole line."""
    line = timed_line(artifact, content, rounds, seconds)
    nodes = node_costs(artifact.path, line.images, peaks, rounds, seconds)
    works = {NETWORK: [node.work for node in nodes]}
    works |= {stage.name: [stage.work] for stage in line.stages if stage.work is not None}
    times = [stage.us for stage in line.stages]
    return {
        "model": artifact.path.name,
        "input": list(line.images.shape),
        "stages": [cost(stage.name, stage.us, works[stage.name], peaks) for stage in line.stages],
        "groups": list(grouped(nodes, peaks)),
        "line": cost(LINE, sum(times), [work for each in works.values() for work in each], peaks),
        "nodes": nodes,
    }


def grouped(nodes: Sequence[NodeCost], peaks: Peaks) -> Iterator[Cost]:
    """The costs of the groups of nodes that there are, in the order of `GROUPS`."""
    for name in GROUPS:
        chosen = [node for node in nodes if node.group == name]
        if chosen:
            yield cost(name, sum(node.us for node in chosen), [node.work for node in chosen], peaks)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON."""
    costs = {name: [{**asdict(each), "distance": each.distance} for each in row[name]] for name in ("stages", "groups")}
    line = {**asdict(row["line"]), "distance": row["line"].distance}
    return {**row, **costs, "line": line, "nodes": [asdict(node) for node in row["nodes"]]}


def peaks_block(peaks: Peaks) -> str:
    """What one core was measured to do."""
    rows = [
        (f"{rate.kind}: ONNX Runtime's {rate.name}", f"{significant(rate.operations / 1e9)} GOP/s")
        for rate in peaks.rates
    ]
    rows += [
        (f"bytes: a copy of {block >> 10:,} KiB in NumPy, read and written", f"{significant(rate / 1e9)} GB/s")
        for block, rate in peaks.copies.items()
    ]
    rows.append(("a node of ONNX Runtime that computes nothing", f"{significant(peaks.node_us)} µs"))
    rows.append(("the same node in its profile", f"{significant(peaks.profiled_us)} µs"))
    return f"## Peaks of one core\n\nOf each kind of product the quickest counts.\n\n{table(('', 'measured'), rows)}"


def model_block(row: dict[str, Any], peaks: Peaks) -> str:
    """The table of a model, and where time could be won."""
    whole: Cost = row["line"]
    lines = []
    for stage in row["stages"]:
        lines.append(cells(stage, stage.name, whole.us))
        if stage.name == NETWORK:
            lines += [cells(each, f"– {each.name}", whole.us) for each in row["groups"]]
    lines.append(cells(whole, whole.name, whole.us))
    shape = "×".join(map(str, row["input"]))
    return f"## {row['model']}, input {shape}\n\n{table(COLUMNS, lines)}\n\n{to_win(row, peaks)}"


def cells(each: Cost, name: str, whole_us: float) -> tuple[str, ...]:
    return (
        name,
        str(each.pieces),
        quantity(each.operations) if each.operations else MISSING,
        size(each.bytes) if each.bytes else MISSING,
        significant(each.us),
        f"{100 * each.us / whole_us:.0f} %",
        significant(each.least_us),
        MISSING if each.distance is None else ratio(each.distance),
        MISSING if each.distance is None else each.bound,
    )


def to_win(row: dict[str, Any], peaks: Peaks) -> str:
    """Where the time is that could be won: the largest differences from the least time."""
    whole: Cost = row["line"]
    network = next(stage for stage in row["stages"] if stage.name == NETWORK)
    parts = [*(stage for stage in row["stages"] if stage is not network), *row["groups"]]
    parts.sort(key=lambda part: part.least_us - part.us)
    told = ", ".join(f"{part.name} ({significant(part.us - part.least_us)})" for part in parts[:PLACES])
    farthest = sorted(row["nodes"], key=lambda node: node.us - node.work.least(peaks)[0], reverse=True)[:PLACES]
    nodes = ", ".join(
        f"{node.operator} → {'×'.join(map(str, node.output))} "
        f"({significant(node.us - node.work.least(peaks)[0])} of {significant(node.us)})"
        for node in farthest
    )
    between = network.us - sum(each.us for each in row["groups"])
    return (
        f"Of {significant(whole.us)} µs, {significant(whole.us - whole.least_us)} are above the limit, most of them in "
        f"{told}. The nodes of the network with the most above it: {nodes}. The network takes "
        f"{significant(abs(between))} µs {'more' if between > 0 else 'less'} than its nodes together."
    )


if __name__ == "__main__":
    sys.exit(main())
