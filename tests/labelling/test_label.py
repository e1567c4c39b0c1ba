"""What is labelled is what a `Reader` reads, and the folder is a source; an interrupted command is completed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labelling.conftest import contents, rows, write_shards

from crnn_deploy import Reader
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.files import leftovers
from crnn_deploy.labelling import shard_labels
from crnn_deploy.zoo import READER


def test_the_texts_are_those_of_a_reader(labelled, lines) -> None:
    found = labelled()
    expected = [Reader(threads=1)(line) for line in lines]
    assert [row["text"] for row in rows()] == [reading.text for reading in expected]
    assert [row["confidence"] for row in rows()] == pytest.approx([r.confidence for r in expected], abs=1e-4)
    assert [(row["index"], row["name"]) for row in rows()][:4] == [
        *[(0, "row-000000000"), (1, "row-000000001"), (2, "row-000000002"), (0, "row-000000000")]
    ]
    assert (found.shards, found.shards_read, found.images, found.rows, found.broken) == (4, 4, 12, 12, 0)


def test_with_its_images_the_folder_is_a_source_that_says_what_the_model_reads(labelled, lines) -> None:
    labelled(keep_images=True)
    source = open_source("out")
    assert source.kind == "text"
    assert [row["image"] for row in rows()] == lines
    evaluation = evaluate(EvaluateConfig(artifact=READER, data="out", resamples=1))
    assert evaluation.accuracy.word_accuracy == 1
    assert [each.text for each in evaluation.predictions] == [row["text"] for row in rows()]


def test_unsure_readings_are_left_out_and_a_file_without_rows_does_no_harm(labelled, lines) -> None:
    reader = Reader(threads=1)
    *sure, unsure = sorted(lines, key=lambda line: -reader(line).confidence)
    write_shards(Path("unsure"), [[unsure], sure])
    threshold = (reader(unsure).confidence + reader(sure[-1]).confidence) / 2
    found = labelled("unsure", keep_images=True, min_confidence=threshold)
    assert (found.unsure, found.rows, found.images) == (1, 11, 12)
    assert [row["image"] for row in rows()] == sure
    assert Path("out/labels-00000.parquet").exists()
    assert len(open_source("out")) == 11


def test_shards_that_are_there_are_not_read_again(labelled, archive, lines, monkeypatch) -> None:
    labelled()
    undisturbed, read = contents(), []
    original = shard_labels.ShardLabels.__call__
    monkeypatch.setattr(
        shard_labels.ShardLabels, "__call__", lambda self, task: (read.append(task.shard.name), original(self, task))[1]
    )
    assert labelled().shards_read == 0
    Path("out/labels-00001.parquet").unlink()
    Path("out/.labels-00001.0123abcd~part.parquet").write_bytes(b"PAR1")
    assert labelled().shards_read == 1
    assert contents() == undisturbed
    write_shards(Path("more"), [lines[:2]])
    assert labelled("archive", "more", "archive/lines-00002.parquet").images == 14
    assert read == [str(archive / "lines-00001.parquet"), str(Path("more/lines-00000.parquet").absolute())]


def test_two_processes_write_the_same_bytes_as_one(labelled) -> None:
    labelled(output="one", keep_images=True)
    labelled(output="two", keep_images=True, workers=2)
    assert contents("one") == contents("two")


COMMAND = [sys.executable, "-m", "crnn_deploy", "label", str(READER), "archive", "-o", "out", "--workers", "2"]


def test_a_command_that_was_killed_is_completed(labelled, lines) -> None:
    write_shards(Path("archive"), [lines * 20] * 6)
    labelled(output="undisturbed")
    process = subprocess.Popen(COMMAND, start_new_session=True, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(Path("out").glob("labels-*.parquet")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert "labels-00005.parquet" not in contents()
    assert labelled().shards == 6
    assert contents() == contents("undisturbed")
    assert leftovers(Path("out")) == []


def test_broken_images_are_named_or_stop_the_work(labelled, lines) -> None:
    write_shards(Path("archive"), [lines[:3], [lines[3], lines[4][:60], lines[5]]])
    with pytest.raises(InputError, match=r"row-000000001 in .*lines-00001") as error:
        labelled()
    assert "goes on where it stopped" in str(error.value)
    found = labelled(skip_bad=True)
    assert (found.broken, found.images) == (1, 12)
    assert '"row-000000001"' in Path("out/manifest.json").read_text()
