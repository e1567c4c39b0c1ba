"""The report as GitHub Markdown, with tables whose columns are aligned in the raw text too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crnn_deploy import units
from crnn_deploy.escaping import visible
from crnn_deploy.report.run.confusion import confusion_summary, confusion_table
from crnn_deploy.report.run.decision import Decision, decision
from crnn_deploy.report.run.engines import engines_summary, engines_table
from crnn_deploy.report.run.error_tables import (
    characters_table,
    length_errors_table,
    rejections_table,
    width_errors_table,
)
from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.provenance import dataset_facts, environment_facts
from crnn_deploy.report.run.reading import reading_note, reading_table, width_table
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.spelling import same
from crnn_deploy.report.run.summary import error_label, speed_footnote
from crnn_deploy.report.run.tables import GATE_MARKS, comparisons_table, latency_tables, variants_table
from crnn_deploy.report.run.wrong_page import wrong_summary
from crnn_deploy.report.tables import Cell, Table


def render_markdown(report: Report) -> str:
    """The whole report without its plots and images."""
    return "\n\n".join(block for block in _blocks(report) if block) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line: no markup, no HTML, no table borders."""
    flat = re.sub(r"[^\S\u00a0]+", " ", visible(text)).strip()  # no-break spaces hold a figure and its unit together
    return re.sub(r"[\\`*\[\]<>|~#&]|(?<!\w)_|_(?!\w)", lambda match: f"\\{match.group()}", flat)


def markdown_table(table: Table) -> str:
    """A pipe table, padded so that the columns line up in the raw text."""
    lines = [[_cell(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * (w - 1) + ":" if index in table.numeric else "-" * w for index, w in enumerate(widths)]
    padded = [
        [
            text.rjust(w) if index in table.numeric else text.ljust(w)
            for index, (text, w) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))


def _blocks(report: Report) -> Iterator[str]:
    yield f"# {escape(report.title)}"
    yield from _decision(decision(report))
    yield markdown_table(variants_table(report))
    yield escape(speed_footnote(report))
    yield "## Gates"
    yield _list(f"**{escape(v.name)}**: {_gate(v.gate.status, v.gate.reason)}" for v in report.variants)
    if (costs := reading_table(report)).rows:
        yield "## What reading costs"
        yield escape(reading_note(report))
        yield markdown_table(costs)
        if (widths := width_table(report)).rows:
            yield markdown_table(widths)
    if report.errors:
        yield from _errors(report, report.errors)
    if report.engines:
        yield "## Engines"
        yield escape(engines_summary(report))
        yield markdown_table(engines_table(report))
    if report.comparisons:
        yield "## What each stage changed"
        yield markdown_table(comparisons_table(report))
    if report.notes or report.advice:
        yield "## Notes"
        yield _list(map(escape, [*report.notes, *([report.advice] if report.advice else [])]))
    if report.confusion:
        yield "## What is taken for what"
        yield escape(confusion_summary(report.confusion, table=True))
        yield markdown_table(confusion_table(report.confusion)) if report.confusion.pairs else ""
    if report.examples:
        yield "## Examples"
        yield "Chosen to show differences and the worst errors: no fair sample. ✓ marks right answers, case ignored."
        yield markdown_table(_examples_table(report))
    if any(variant.latency for variant in report.variants):
        yield "## Latency"
        yield "Milliseconds a batch; preprocessing and decoding are not part of p50, p90 and p99."
    for title, table in latency_tables(report).items():
        yield f"### {escape(title[0].upper() + title[1:])}"
        yield markdown_table(table)
    if report.realised:
        yield "## Precision as run"
        yield _list(f"**{escape(name)}**: {_counts(ops)}" for name, ops in report.realised.items())
    if report.dataset:
        yield "## Data"
        yield _list(f"{label}: {escape(value)}" for label, value in dataset_facts(report.dataset))
    yield "## Environment"
    yield _list(f"{label}: {escape(value)}" for label, value in environment_facts(report.environment))
    if report.command:
        yield "## Make it again"
        yield _fenced("sh", report.command)


def _decision(decided: Decision) -> Iterator[str]:
    yield f"**{escape(decided.title)}.** {escape(decided.reason)}"
    yield escape(decided.measured_on)
    if decided.use is not None:
        yield f"Copy {escape(decided.use.files)} and read with it:"
        yield _fenced("python", *decided.use.code)
        if decided.use.command:
            yield "Or make a folder that reads without crnn-deploy:"
            yield _fenced("sh", decided.use.command)


def _errors(report: Report, errors: Errors) -> Iterator[str]:
    yield f"## Where {escape(errors.variant)} goes wrong"
    yield escape(wrong_summary(report, errors))
    titles = {
        "By width": width_errors_table(errors),
        "By length of the label": length_errors_table(errors),
        "What a threshold of the confidence rejects": rejections_table(errors, error_label(report)),
        "Characters that are taken for others": characters_table(errors),
    }
    for title, table in titles.items():
        if table.rows:
            yield f"### {title}"
            yield markdown_table(table)


def _fenced(language: str, *lines: str) -> str:
    shown = "\n".join(visible(line).replace("```", "") for line in lines)
    return f"```{language}\n{shown}\n```"


def _examples_table(report: Report) -> Table:
    names = [v.name for v in report.variants if any(v.name in example.readings for example in report.examples)]
    rows = []
    for example in report.examples:
        texts = [example.readings.get(name) for name in names]
        shown = [units.MISSING if t is None else f"{t} ✓" if same(example.reference, t) else t for t in texts]
        rows.append((Cell(example.reference), *map(Cell, shown)))
    return Table((Cell("Reference"), *map(Cell, names)), tuple(rows), numeric=range(0))


def _cell(cell: Cell) -> str:
    return f"{escape(cell.text)} ({escape(cell.detail)})" if cell.detail else escape(cell.text)


def _gate(status: str, reason: str) -> str:
    return f"{GATE_MARKS[status]}. {escape(reason)}".rstrip()


def _counts(ops: dict[str, int]) -> str:
    return ", ".join(f"{count} × {escape(op)}" for op, count in ops.items())


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
