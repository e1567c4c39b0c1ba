"""`crnn-deploy predict`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show_json
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.ranks import connected_ranks, require_one_process


def predict(config: PredictConfig, as_json: bool) -> None:
    """Read images of one line of text each: path, text and confidence, while they are read.

    With --pages the images are whole pages or PDFs, whose lines are found. Any number is read in constant memory. Under
    torchrun, processes share the images; what is written is the same.

    In tables, tabs, line ends, backslashes and control characters in paths and texts are escaped as in Python strings.

    The confidence is the probability that all of the text is right: the product of those of its characters.

    \b
    Examples:
      crnn-deploy predict line.png
      crnn-deploy predict lines --model student.int8.onnx --format jsonl
      crnn-deploy predict val.tar --model student.onnx --decoder beam --json
      crnn-deploy predict letter.pdf --pages --format hocr -o letter
      crnn-deploy predict archive --engine ray --address auto --workers 16
    """
    if as_json and "format" in config.model_fields_set and config.output is None:
        raise InputError(
            "--json and --format are given, and stdout takes one of them.",
            "--json gives one object for all images, and --format a row for each.",
            "Leave one of them out; rows of JSON are --format jsonl.",
        )
    if config.pages:
        require_one_process("Reading whole pages")
        _pages(config, as_json)
    elif as_json:
        from crnn_deploy.evaluation.predict import predict_by_ranks

        with RichProgress() as progress, redirect_stdout(sys.stderr), connected_ranks() as ranks:
            readings = predict_by_ranks(config, ranks, progress)
        if readings is None:  # the first process shows them
            return
        show_json(readings.model_dump(mode="json"), config)
        _warn(readings.unproven if len(readings.readings) > 1 else "")
    else:
        _print_each(config)


def _print_each(config: PredictConfig) -> None:
    from crnn_deploy.cli.reading_rows import ROWS
    from crnn_deploy.evaluation.predict import Prediction
    from crnn_deploy.evaluation.unproven import Tally

    out = sys.stdout  # while a bar is shown on stderr, `print` would go there, too
    with RichProgress(bars=not out.isatty()) as progress, redirect_stdout(sys.stderr), connected_ranks() as ranks:
        prediction = Prediction(config, progress, ranks)
        tally = Tally(prediction.artifact.spec.task)
        rows = ROWS[config.format]
        out.write(rows.head if ranks.first else "")
        for path, reading in prediction:
            if reading is None:
                progress.log(f"{visible(path)} is broken and was left out")
                continue
            out.write(rows.row(path, reading))
            out.flush()  # whoever reads the rows gets each at once
            tally.add(reading.text)
        for sentence in prediction.remarks().sentences():
            progress.log(sentence)
    _warn(tally.why_unproven() if tally.count > 1 else "")


def _warn(unproven: str) -> None:
    if unproven:
        print(f"! The model {visible(unproven)}.", file=sys.stderr)


def _pages(config: PredictConfig, as_json: bool) -> None:
    from crnn_deploy.cli.page_output import CSV_HEAD, TEXTS, facts, page_file, write_page

    out = sys.stdout  # as above
    found, written = [], set()
    with RichProgress(bars=not out.isatty()) as progress:
        if config.format == "csv" and config.output is None and not as_json:
            out.write(CSV_HEAD)
        for page in api.predict_pages(config, progress):
            if config.output is not None:
                path = page_file(page, config.output, config.format)
                if path in written:
                    raise InputError(f"Two pages would be written to {path}.", fix="Read them into different folders.")
                written.add(path)
                write_page(page, path, config.format, config.force)
                progress.log(f"{path}: {len(page.lines)} lines")
            if as_json:
                found.append(facts(page))
            elif config.output is None:
                out.write(TEXTS[config.format](page))
                out.flush()
    if as_json:
        show_json({"pages": found}, config)
