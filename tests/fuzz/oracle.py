"""What a run may never do, whatever its input is."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from fuzz.case import Case
from fuzz.client import Outcome

MOST_GROWTH = 300 << 20  # bytes that a refusal may take
MOST_CPU_SECONDS = 3.0  # that a refusal may take, on any machine
CHEAP_VERBS = ("inspect", "import", "predict", "evaluate", "report")
_RESUMABLE = ("run", "train", "distill")  # keep what they have done when they fail
_RAW_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FRAME = re.compile(  # of a traceback, of rich's traceback, or of faulthandler's
    r'(?:File ")?(?:\S*/)?((?:crnn_deploy|site-packages|lib/python3\.\d+)/[\w./-]+\.py)"?[:,](?: line )?\s?(\d+)'
    r" in (\S+)"
)
_FAILED = re.compile(r"crnn-deploy failed: (\w+)")


@dataclass(frozen=True)
class Finding:
    """Something that a run may not do.

    Args:
        kind: what it did, in a few words; the same for all inputs.
        place: where, as far as that is known: an exception with its place in the code, or the verb.
        detail: more words about this case.
    """

    kind: str
    place: str
    detail: str = ""

    @property
    def signature(self) -> str:
        return f"{self.kind} · {self.place}"


def judge(case: Case, outcome: Outcome) -> Iterator[Finding]:
    """All that is wrong with an outcome, as far as one can say without knowing what is right for the input."""
    verb = f"{case.verb} of {case.format}"
    if outcome.killed_for == "time":
        yield Finding("hang", place(outcome.stderr) or verb)
    elif outcome.killed_for == "memory":
        yield Finding("grows until killed", verb, f"{outcome.growth >> 20} MB")
    elif outcome.code < 0:
        yield Finding(f"killed by {signal.Signals(-outcome.code).name}", place(outcome.stderr) or verb)
    elif outcome.code == 70:
        yield Finding("exit 70", _FAILED.findall(outcome.stderr)[:1][0] if _FAILED.search(outcome.stderr) else verb)
    elif "Traceback (most recent call last)" in outcome.stderr:
        yield Finding("traceback", place(outcome.stderr) or verb)
    elif outcome.code not in (0, 1, 2):
        yield Finding(f"exit {outcome.code}", verb)
    else:
        yield from _ended(case, outcome, verb)
    yield from _left(case, outcome, verb)


def _ended(case: Case, outcome: Outcome, verb: str) -> Iterator[Finding]:
    """Findings about a run that ended with a code of its own."""
    if outcome.code and outcome.stderr.count("✗ ") != 1:
        yield Finding("no error block", verb)
    printed_before = case.verb == "predict" and outcome.stdout.endswith("\n")  # rows before a broken image
    if outcome.code == 2 and outcome.stdout and not printed_before:
        yield Finding("output of a refused run", verb, outcome.stdout[:200])
    if outcome.code == 0 and "--json" in case.argv:
        yield from _json(outcome, verb)
    if outcome.code == 0 and case.verb == "predict" and "--json" not in case.argv:
        for line in outcome.stdout.splitlines():
            if line.count("\t") != 2:
                yield Finding("a row without three columns", verb, line[:200])
                break
    for name, text in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        if found := _RAW_CONTROL.search(text):
            yield Finding("raw control character", f"{verb}, {name}", repr(text[max(0, found.start() - 40) :][:80]))
    if outcome.code == 2 and case.verb in CHEAP_VERBS:
        if outcome.growth > MOST_GROWTH:
            yield Finding("a refusal takes much memory", verb, f"{outcome.growth >> 20} MB")
        if outcome.cpu_seconds > MOST_CPU_SECONDS:
            yield Finding("a refusal takes long", verb, f"{outcome.cpu_seconds:.1f} s")


def _json(outcome: Outcome, verb: str) -> Iterator[Finding]:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    try:
        json.loads(outcome.stdout, parse_constant=refuse)
    except ValueError as error:
        yield Finding("not JSON", verb, str(error))


def _left(case: Case, outcome: Outcome, verb: str) -> Iterator[Finding]:
    """Findings about files and processes that stay behind."""
    if outcome.left_running:
        yield Finding("a process left behind", verb)
    if outcome.temporaries:
        yield Finding("a temporary file left behind", verb, ", ".join(outcome.temporaries[:5]))
    new = sorted(outcome.after.keys() - outcome.before.keys())
    changed = [name for name in outcome.before if outcome.after.get(name, b"") != outcome.before[name]]
    if changed:
        yield Finding("an input changed", verb, ", ".join(changed))
    parts = [name for name in new if "~part" in name]
    if parts and not outcome.killed_for:
        yield Finding("a part of a file left behind", verb, ", ".join(parts))
    elif new and outcome.code not in (0, 1) and case.verb not in _RESUMABLE:  # a gate's candidate may be kept
        yield Finding("a file written by a run that failed", verb, ", ".join(new))
    if "executed" in outcome.after:
        yield Finding("code of the input was executed", verb)


def place(text: str) -> str:
    """The innermost places in a traceback: in our package, and in a library below it."""
    frames = [(file, line, function) for file, line, function in _FRAME.findall(text)]
    own = [frame for frame in frames if frame[0].startswith("crnn_deploy/") and "/cli/failures" not in frame[0]]
    if not own:
        return ""
    inner = own[0] if "most recent call first" in text else own[-1]
    return f"{inner[0]}:{inner[1]} in {inner[2]}"


def explained(finding: Finding, debug_output: str) -> Finding:
    """The finding `exit 70` with its place, from what the command says with --debug."""
    where = place(debug_output)
    return Finding(finding.kind, f"{finding.place} at {where}" if where else finding.place, _last_words(debug_output))


def _last_words(text: str) -> str:
    return next((line.strip("✗ ")[:300] for line in text.splitlines() if "crnn-deploy failed" in line), "")
