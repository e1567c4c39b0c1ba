"""Data sets of other tools, with lies in them, or without labels that are understood, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_crnn

from crnn_deploy.zoo import READER

from .workshop import invoke, labelled

TRAIN = "train --model crnn-bigru --hidden 8 --layers 1 --epochs 1 -o s.safetensors --data"
DISTILL = f"distill {READER} --epochs 1 --hidden 8 --width 0.25 -o s.safetensors --data"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(command: str, message: str) -> None:
    before = sorted(Path().rglob("*"))
    result = invoke(command)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.count("✗ ") == 1
    assert sorted(Path().rglob("*")) == before


def figures(data: str) -> dict[str, object]:
    result = invoke(f"evaluate {READER} --data {data} --resamples 100 --json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    return {key: found[key] for key in ("cer", "cer_ci", "word_accuracy", "ci95", "count")} | {
        "content": found["dataset"]["fingerprint"]
    }


def test_label_files_of_other_tools_give_the_same_figures() -> None:
    for layout in ("ours", "paddle", "csv", "icdar", "beside"):
        labelled(Path(layout), 4, seed=1, text="ab")
        rows = [row.split("\t") for row in Path(layout, "labels.tsv").read_text().splitlines()]
        if layout != "ours":
            Path(layout, "labels.tsv").unlink()
        if layout == "paddle":
            Path(layout, "rec_gt_train.txt").write_text("".join(f"{path}\t{text}\n" for path, text in rows))
        elif layout == "csv":
            Path(layout, "metadata.csv").write_text("file_name,text\n" + "".join(f"{p},{t}\n" for p, t in rows))
        elif layout == "icdar":
            Path(layout, "gt.txt").write_text("".join(f'{path}, "{text}"\n' for path, text in rows))
        elif layout == "beside":
            for path, text in rows:
                Path(layout, path).with_suffix(".gt.txt").write_text(text)
    ours = figures("ours")
    for layout in ("paddle", "csv", "icdar", "beside"):
        assert figures(layout) == ours, layout


@pytest.mark.parametrize("verb", [TRAIN, DISTILL, f"evaluate {READER} --data"])
@pytest.mark.parametrize("images", ["set", "set/images"])
def test_label_files_that_are_not_understood_are_refused(verb: str, images: str) -> None:
    tiny_crnn.image_folder(Path(images), 4)
    Path("set/annotations.xml").write_text("<a/>")
    refused(f"{verb} set", "annotations.xml")


def test_verbs_that_need_no_labels_read_the_images_and_say_so() -> None:
    tiny_crnn.image_folder(Path("set/images"), 4)
    Path("set/annotations.xml").write_text("<a/>")
    result = invoke("predict set")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 4
    assert "annotations.xml" in result.stderr


@pytest.mark.parametrize("name", ["cats", "images"])
def test_a_set_with_one_class_trains_nothing(name: str) -> None:
    tiny_crnn.image_folder(Path("set") / name, 4)
    refused(f"{TRAIN} set", "of one class, 'cats'" if name == "cats" else "no labels")


@pytest.mark.parametrize("verb", [TRAIN, DISTILL])
def test_arrays_of_one_class_train_nothing(verb: str) -> None:
    np.savez("set.npz", x=np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8), y=np.full(4, 3))
    refused(f"{verb} set.npz", "of one class, '3'")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--val other.npz", "it doesn't know cow"),
        ("--extra other.npz", "cannot be combined"),
        ("--loss cross-entropy:weights=even", "write balanced, or in a recipe a list"),
        ("--loss ctc", "'ctc' does not go with a classify model"),
    ],
)
def test_a_classifier_is_not_trained_on_what_does_not_fit(option: str, message: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 16), np.uint8)
    np.savez("set.npz", x=pixels, y=np.arange(8) % 2)
    Path("classes.txt").write_text("cat\ndog\n")
    Path("others").mkdir()
    np.savez("others/other.npz", x=pixels + 1, y=np.arange(8) % 2)
    Path("others/classes.txt").write_text("cat\ncow\n")
    refused(f"{TRAIN} set.npz {option.replace('other.npz', 'others/other.npz')}", message)


@pytest.mark.parametrize("argument", ["x" * 300 + ".png", "pipe.png", "pipe"])
def test_what_is_no_image_and_no_source(argument: str) -> None:
    if argument.startswith("pipe"):
        os.mkfifo(argument)
    refused(f"predict {argument}", argument)


MEASURE = """
import resource, sys, time
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
memory, begin = peak(), time.process_time()
for path in sys.argv[1:]:
    try: open_source(path)
    except InputError: pass
    else: sys.exit(f"{path} was opened")
print(time.process_time() - begin, (peak() - memory) / 1024)
"""


def test_sets_that_claim_much_are_refused_at_once() -> None:
    np.savez("label.npz", x=np.zeros((2, 8, 8), np.uint8), y=np.array([0, 1 << 40]))
    np.savez_compressed("zeros.npz", x=np.zeros((100, 1024, 1024), np.uint8))
    labelled(Path("sparse"), 2, seed=1)
    os.truncate("sparse/labels.tsv", 1 << 40)
    labelled(Path("longline"), 2, seed=1)
    Path("longline/labels.tsv").write_text("000.png\t" + "x" * (1 << 20))
    sets = ["label.npz", "zeros.npz", "sparse", "longline"]
    done = subprocess.run([sys.executable, "-c", MEASURE, *sets], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < len(sets)
    assert megabytes < 100
