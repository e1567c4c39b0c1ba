from __future__ import annotations

import shlex

import pytest
from report.makers import full_report, make_report, variant

from crnn_deploy.evaluation.result import DatasetFacts
from crnn_deploy.report.run.decision import decision
from crnn_deploy.report.run.summary import headline

LINES = DatasetFacts(name="lines of mine.tar", count=1200, kind="text", fingerprint="0")


def test_what_passed_last_ships_with_its_file_its_code_and_its_command(report) -> None:
    found = decision(report)
    assert found.title == "Ship student-int8"
    assert found.reason == headline(report)
    assert found.use is not None
    assert found.use.files == "student-int8.onnx (800\u00a0kB)"
    assert len(found.use.code) == 3
    compile("\n".join(found.use.code), "report", "exec")
    assert found.use.code[1] == 'reader = Reader("student-int8.onnx")'
    assert found.use.command == "crnn-deploy package student-int8.onnx --target python -o reader"


@pytest.mark.parametrize("status", ["rejected", "unproven"])
def test_where_nothing_passed_there_is_nothing_to_copy(status) -> None:
    found = decision(make_report(variant("baseline", "baseline"), variant("student", status)))
    assert found.title == "Don't ship"
    assert found.use is None


def test_where_nothing_is_proved_nothing_ships() -> None:
    found = decision(make_report(variant("baseline", "baseline"), variant("s", "unproven"), unproven="reads nothing"))
    assert found.title == "Don't ship"
    assert found.reason.startswith("Nothing is proved")


@pytest.mark.parametrize(
    ("rendered", "told"),
    [
        (True, "Measured on 1,200 lines that the run rendered, not on real ones."),
        (False, "Measured on 1,200 lines of lines of mine.tar. The run did not render them."),
        (None, "Measured on 1,200 lines of lines of mine.tar."),
    ],
)
def test_it_tells_what_the_figures_were_measured_on(rendered, told) -> None:
    found = decision(make_report(variant("only", "baseline"), dataset=LINES, rendered=rendered)).measured_on
    assert found.startswith(told)
    assert ("of your own" in found) is (rendered is True)


def test_a_name_with_quotes_stays_a_name() -> None:
    path = 'runs/it\'s "mine"/student "a".onnx'
    use = decision(make_report(variant("baseline", "baseline"), variant("student", path=path))).use
    assert use is not None
    compile("\n".join(use.code), "report", "exec")
    assert shlex.split(use.command)[2] == path


def test_a_classifier_is_packaged_with_its_images_and_an_engine_is_not() -> None:
    pictures = LINES.model_copy(update={"kind": "class", "name": "val.npz"})
    use = decision(make_report(variant("baseline", "baseline"), variant("student"), dataset=pictures)).use
    assert use is not None
    assert use.command.endswith("--data val.npz")
    assert 'reader("image.png")' in use.code[2]
    engine = variant("engine", format="engine", path="student.fp16.engine")
    use = decision(make_report(variant("baseline", "baseline"), engine)).use
    assert use is not None
    assert "student.fp16.engine and student.fp16.engine.json" in use.files
    assert use.command == ""


def test_every_form_opens_with_it() -> None:
    from crnn_deploy.report.run.markdown import render_markdown
    from crnn_deploy.report.run.page import render_html

    report = full_report()
    found = decision(report)
    assert render_markdown(report).split("\n\n")[1].startswith(f"**{found.title}.** ")
    assert '<span class="verdict ship">Ship</span> student-int8</h1>' in render_html(report)
