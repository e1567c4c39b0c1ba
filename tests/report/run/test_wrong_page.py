from __future__ import annotations

import pytest
from report.html_page import Page
from report.makers import classifier_report, errors_of, full_report, make_report, variant

from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.wrong_page import REPORT_PAGE, render_wrong, wrong_summary


def page_of(report: Report, errors: Errors) -> tuple[Page, str]:
    source = render_wrong(report, errors)
    page = Page(source)
    assert page.stray == page.open == []
    return page, source


def test_without_its_script_it_is_a_table_of_all_that_is_wrong() -> None:
    page, _ = page_of(full_report(), errors_of("student-int8", wrong=40))
    assert len(page.texts["tr"]) == 41
    assert len(page.texts["img"]) == 1
    assert page.texts["mark"] == ["1"] * 40
    assert REPORT_PAGE in page.attributes("href")
    assert page.texts["script"] != []
    (form,) = [attributes for tag, attributes in page.elements if tag == "form"]
    assert "hidden" in form  # what does nothing without the script is not shown


def test_where_nothing_is_wrong_it_says_so() -> None:
    page, source = page_of(full_report(), errors_of("student-int8", wrong=0))
    assert "student-int8 reads all 891 lines right." in source
    assert "table" not in page.texts
    assert "script" not in page.texts


def test_five_thousand_rows_stay_small() -> None:
    source = render_wrong(full_report(), errors_of("student-int8", wrong=5000, images=9000))
    assert len(source) < 4_000_000
    assert source.count('<th scope="row"') == 5000


def test_it_tells_how_many_it_leaves_out() -> None:
    errors = errors_of("student-int8", wrong=10).model_copy(update={"wrong_images": 800})
    assert "reads 800 of 891 lines wrong" in wrong_summary(full_report(), errors)
    assert "The worst 10 are here. The worst stand first, 1 of them with their picture." in render_wrong(
        full_report(), errors
    )


def test_a_class_is_marked_as_a_whole() -> None:
    page, _ = page_of(
        classifier_report().model_copy(update={"dataset": full_report().dataset.model_copy(update={"kind": "class"})}),
        errors_of("lenet", wrong=1),
    )
    assert page.texts["mark"] == ["1ine␣0"]
    assert "Image" in page.texts["th"][0]


@pytest.mark.parametrize("evil", ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}"])
def test_texts_of_models_and_data_cannot_become_markup(evil: str) -> None:
    errors = errors_of("student", wrong=1)
    found = errors.wrong[0].model_copy(update={"item": evil, "reference": evil, "text": f"{evil}x"})
    report = make_report(variant("student", "baseline"), errors=errors)
    page, _ = page_of(report, errors.model_copy(update={"wrong": (found,), "variant": evil}))
    assert len(page.texts["script"]) == 1
    assert page.attributes("onerror") == []
