"""Which classes are taken for which: counted, told and drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction
from crnn_deploy.report.run.confusion import Confusion, confusion, confusion_summary, confusion_table
from crnn_deploy.report.run.confusion_plot import confusion_matrix
from crnn_deploy.report.run.markdown import render_markdown
from crnn_deploy.report.run.page import render_html
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.write import render_json

CLASSES = ("cat", "$dog$", "owl")
PAIRS = [("cat", "cat")] * 7 + [("cat", "owl")] * 3 + [("$dog$", "$dog$")] * 4 + [("owl", "cat")] * 3 + [("owl", "owl")]


def read(pairs: Sequence[tuple[str, str]], kind: str = "class") -> Evaluation:
    facts = DatasetFacts.model_validate({"name": "set", "count": len(pairs), "kind": kind, "fingerprint": "5eed"})
    predictions = tuple(Prediction(item=str(i), reference=t, text=r) for i, (t, r) in enumerate(pairs))
    accuracy = Accuracy(top1=0.5, ci95={}, count=len(pairs))
    return Evaluation(artifact="m", runtime="fake", dataset=facts, accuracy=accuracy, predictions=predictions)


def of(pairs: Sequence[tuple[str, str]], classes: Sequence[str] = CLASSES) -> Confusion:
    found = confusion("lenet", read(pairs), classes)
    assert found is not None
    return found


def test_rows_are_true_classes_and_columns_readings() -> None:
    found = of(PAIRS)
    assert found.classes == CLASSES
    assert found.counts == ((7, 0, 3), (0, 4, 0), (3, 0, 1))
    assert [(p.reference, p.reading, p.count, p.images) for p in found.pairs] == [
        ("cat", "owl", 3, 10),
        ("owl", "cat", 3, 4),
    ]
    assert [cell.text for cell in confusion_table(found).rows[1]] == ["owl", "cat", "3", "75.00\u00a0%"]
    assert confusion_summary(found, table=True) == "lenet takes 6 images for another class."
    assert confusion("reader", read([("a", "b")], "text"), ()) is None


def test_many_classes_have_a_table_of_the_most_frequent_confusions() -> None:
    names = [f"c{i}" for i in range(21)]
    found = of([(names[i], names[i - 1]) for i in range(21) for _ in range(1 + (i == 7))], names)
    assert found.counts == ()
    assert len(found.pairs) == 15
    assert found.pairs[0].reference == "c7"
    assert found.wrong == 22
    assert confusion_summary(found, table=True).endswith("The most frequent confusions, 16 of them:")
    assert confusion_matrix(found) is None


def test_the_matrix_shows_each_count_and_name() -> None:
    svg = confusion_matrix(of(PAIRS))
    assert svg is not None
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert sorted(text for text in texts if text.isdecimal()) == ["1", "3", "3", "4", "7"]
    assert {*CLASSES, "taken for", "class"} <= set(texts)
    assert confusion_matrix(None) is None


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:1]])
def test_the_report_of_a_classifier_tells_it(classifier: Report, pairs: list[tuple[str, str]]) -> None:
    assert "taken for what" not in render_html(classifier) + render_markdown(classifier)
    report = classifier.model_copy(update={"confusion": of(pairs)})
    page, text = render_html(report), render_markdown(report)
    summary = confusion_summary(of(pairs), table=False)
    assert summary in page
    assert summary in text
    assert 'id="confusion-' in page
    assert ("Taken for" in text) == (len(pairs) > 1)
    assert Report.model_validate_json(render_json(report)) == report
