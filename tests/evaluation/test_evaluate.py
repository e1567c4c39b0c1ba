from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.evaluation.config import EvaluateConfig, EvaluateOptions
from crnn_deploy.evaluation.evaluate import evaluate, evaluate_session

LABELS = ["abc", "bad", "Add", "e", "cab", "deed", "a b"]
ANSWERS = ["abc", "bed", "add", "e", "cab", "deed", "ab"]


def test_predictions_and_figures_come_in_the_order_of_the_source(memory_source, reading_session, reader) -> None:
    found = evaluate_session(reading_session(reader, ANSWERS), memory_source(LABELS), EvaluateOptions())
    assert [p.item for p in found.predictions] == [f"image{i}.png" for i in range(7)]
    assert [p.reference for p in found.predictions] == LABELS
    assert [p.text for p in found.predictions] == ANSWERS
    assert found.accuracy.cer == pytest.approx(3 / 20)
    assert found.accuracy.cer_ci == pytest.approx(2 / 20)
    assert found.accuracy.word_accuracy == pytest.approx(4 / 7)
    assert found.accuracy.top1 is None
    assert set(found.accuracy.ci95) == {"cer", "cer_ci", "word_accuracy", "word_accuracy_ci"}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
@pytest.mark.parametrize("charset", ["e\u0301", "\u00e9e"], ids=["decomposed", "composed"])
@pytest.mark.parametrize("label", ["\u00e9e", "e\u0301e"], ids=["composed label", "decomposed label"])
def test_labels_and_readings_are_compared_in_one_form(
    memory_source, reading_session, reader, form, charset, label
) -> None:
    spec = reader.model_copy(update={"charset": tuple(charset), "blank": 0, "normal_form": form})
    read = label.replace("e\u0301", "\u00e9") if "\u00e9" in charset else label.replace("\u00e9", "e\u0301")
    found = evaluate_session(reading_session(spec, [read]), memory_source([label]), EvaluateOptions())
    assert (found.accuracy.cer, found.accuracy.word_accuracy, found.unknown_characters) == (0, 1, {})
    assert found.predictions[0].text == found.predictions[0].reference


def test_a_model_in_display_order_is_held_against_labels_in_logical_order(
    memory_source, reading_session, reader
) -> None:
    labels = ["\u05e9\u05dc\u05d5\u05dd 12 (ab)", "\u0643\u062a\u0627\u0628 50%", "cab 7"]
    seen = ["(ab) 12 \u05dd\u05d5\u05dc\u05e9", "%50 \u0628\u0627\u062a\u0643", "cab 7"]
    spec = reader.model_copy(update={"charset": tuple(sorted(set("".join(labels)))), "blank": 0})
    source = memory_source(labels)
    displays = reading_session(spec.model_copy(update={"text_order": "display"}), seen)
    assert evaluate_session(displays, source, EvaluateOptions()).accuracy.cer == 0
    assert evaluate_session(reading_session(spec, seen), source, EvaluateOptions()).accuracy.cer > 0.5


def test_the_batch_size_changes_nothing(memory_source, reading_session, reader) -> None:
    session, source = reading_session(reader, ANSWERS), memory_source(LABELS)
    results = [evaluate_session(session, source, EvaluateOptions(batch_size=size)) for size in (1, 3, 100)]
    assert results[0] == results[1] == results[2]


def test_limit_takes_the_first_images(memory_source, reading_session, reader) -> None:
    found = evaluate_session(reading_session(reader, ANSWERS), memory_source(LABELS), EvaluateOptions(limit=2))
    assert [p.reference for p in found.predictions] == LABELS[:2]
    assert found.accuracy.count == found.dataset.count == 2


def test_the_beam_decoder_can_be_chosen(memory_source, reading_session, reader) -> None:
    found = evaluate_session(reading_session(reader, ANSWERS), memory_source(LABELS), EvaluateOptions(decoder="beam"))
    assert [p.text for p in found.predictions] == ANSWERS


def test_a_classifier_gets_top1_only(memory_source, reading_session, classifier) -> None:
    source = memory_source(["cat", "dog", "owl", "cat"], kind="class", class_names=("cat", "dog", "owl"))
    session = reading_session(classifier, ["cat", "dog", "owl", "dog"])
    found = evaluate_session(session, source, EvaluateOptions())
    assert found.accuracy.top1 == 0.75
    assert found.accuracy.top5 is None
    assert found.accuracy.cer is None
    assert set(found.figures()) >= {"top1", "ci95", "count"}
    assert "cer" not in found.figures()


def test_top5_is_there_for_more_than_five_classes(memory_source, reading_session, classifier) -> None:
    names = tuple("abcdefg")

    class Graded(reading_session):
        def run(self, images):
            return np.tile(-np.arange(7, dtype=np.float32), (len(images), 1))  # a is best, then b, and so on

    source = memory_source(["a", "e", "f", "c"], kind="class", class_names=names)
    session = Graded(classifier.model_copy(update={"class_names": names}), [])
    found = evaluate_session(session, source, EvaluateOptions())
    assert (found.accuracy.top1, found.accuracy.top5) == (0.25, 0.75)
    assert found.predictions[0].ranked == tuple("abcde")
    assert set(found.accuracy.ci95) == {"top1", "top5"}
    assert found.figures()["top5"] == 0.75


def test_a_broken_image_stops_the_run_unless_skipped(memory_source, reading_session, reader) -> None:
    session, source = reading_session(reader, ANSWERS), memory_source(LABELS, broken=frozenset({1}))
    with pytest.raises(InputError, match=r"image1\.png"):
        evaluate_session(session, source, EvaluateOptions())
    found = evaluate_session(session, source, EvaluateOptions(skip_bad=True))
    assert found.skipped == ["image1.png"]
    assert [p.item for p in found.predictions] == [f"image{i}.png" for i in (0, 2, 3, 4, 5, 6)]
    assert found.accuracy.count == 6


def test_nothing_left_after_skipping_is_an_error(memory_source, reading_session, reader) -> None:
    source = memory_source(LABELS, broken=frozenset(range(7)))
    with pytest.raises(InputError, match="All 7 images"):
        evaluate_session(reading_session(reader, ANSWERS), source, EvaluateOptions(skip_bad=True))


def test_outputs_that_are_not_finite_fail_the_gate(memory_source, reading_session, reader) -> None:
    class Broken(reading_session):
        def run(self, images):
            logits = super().run(images)
            logits[np.rint(images[:, 0, 0, 0] * 255) == 4, 3, 2] = np.nan
            return logits

    with pytest.raises(GateError, match=r"image4\.png"):
        evaluate_session(Broken(reader, ANSWERS), memory_source(LABELS), EvaluateOptions())


def test_a_head_of_another_size_is_refused(memory_source, reading_session, reader) -> None:
    class Wider(reading_session):
        def run(self, images):
            return np.pad(super().run(images), ((0, 0), (0, 0), (0, 1)))

    with pytest.raises(InputError, match="13 outputs, but its spec names 12"):
        evaluate_session(Wider(reader, ANSWERS), memory_source(LABELS), EvaluateOptions())


def test_rare_unknown_characters_are_errors_and_are_listed(memory_source, reading_session, reader) -> None:
    found = evaluate_session(
        reading_session(reader, ["a" * 19] * 10), memory_source(["a" * 19] * 9 + ["a" * 18 + "é"]), EvaluateOptions()
    )
    assert found.unknown_characters == {"é": 1}
    assert found.accuracy.cer == pytest.approx(1 / 190)


def test_the_verb_names_the_file_and_its_json_is_flat(
    monkeypatch, tmp_path, memory_source, reading_session, reader
) -> None:
    verb = sys.modules["crnn_deploy.evaluation.evaluate"]
    monkeypatch.setattr(verb, "open_by_ranks", lambda location, *_: memory_source(LABELS, name=location))
    monkeypatch.setattr(verb, "open_session", lambda artifact, _: reading_session(artifact.spec, ANSWERS))
    artifact = write_safetensors(tmp_path / "model.safetensors", {"w": torch.zeros(1)}, reader)

    found = evaluate(EvaluateConfig(artifact=artifact.path, data="val.tar"))
    assert (found.artifact, found.sha256) == (str(artifact.path), artifact.sha256)

    printed = json.loads(json.dumps(found.figures()))
    assert {"cer", "cer_ci", "word_accuracy", "word_accuracy_ci", "ci95", "count"} <= set(printed)
    assert printed["dataset"]["name"] == "val.tar"
    assert printed["ci95"]["cer"] == list(found.accuracy.ci95["cer"])
    assert "predictions" not in printed
    assert type(found).model_validate_json(found.model_dump_json()) == found
