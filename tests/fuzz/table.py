"""The result of a session: inputs and exit codes by format, and the findings, as text and JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from fuzz.case import Case
from fuzz.client import Outcome
from fuzz.findings import Findings
from fuzz.oracle import Finding


@dataclass
class Row:
    """All runs of one format."""

    codes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    largest_growth: int = 0
    slowest: float = 0.0
    compared: int = 0

    @property
    def inputs(self) -> int:
        return self.codes.total()

    def add(self, outcome: Outcome, compared: bool) -> None:
        self.codes[outcome.killed_for or str(outcome.code)] += 1
        self.seconds += outcome.seconds
        self.slowest = max(self.slowest, outcome.seconds)
        if outcome.code == 2:
            self.largest_growth = max(self.largest_growth, outcome.growth)
        self.compared += compared


@dataclass
class Table:
    """Rows by format, and what was found."""

    findings: Findings
    rows: defaultdict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    lines: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def add(self, case: Case, outcome: Outcome, found: list[Finding], compared: bool, origin: str) -> list[Finding]:
        """Count a run; gives those of its findings that are new."""
        with self.lock:
            self.rows[case.format].add(outcome, compared)
            self.lines |= outcome.lines
            return [finding for finding in found if self.findings.add(finding, case, outcome, origin)]

    @property
    def inputs(self) -> int:
        return sum(row.inputs for row in self.rows.values())

    def text(self) -> str:
        counted = "".join(f"{name:>8}" for name in ("inputs", "exit 0", "exit 1", "exit 2", "others"))
        parts = [f"{'format':12}{counted}{'compared':>10}{'slowest':>9}{'refusal, most':>15}"]
        for name, row in [*self.rows.items(), ("all", self._sum())]:
            expected = [row.codes[code] for code in ("0", "1", "2")]
            counts = "".join(f"{count:8}" for count in (row.inputs, *expected, row.inputs - sum(expected)))
            parts.append(f"{name:12}{counts}{row.compared:10}{row.slowest:7.1f} s{row.largest_growth >> 20:12} MB")
        parts.append(f"\n{len(self.lines)} lines of the package reached; {len(self.findings.known)} kinds of findings")
        kinds = self.findings.known.values()
        parts += [f"  {kind.count:5} × {kind.finding.signature}\n          {kind.folder}" for kind in kinds]
        return "\n".join(parts)

    def data(self) -> dict[str, Any]:
        return {
            "formats": {
                name: {
                    "inputs": row.inputs,
                    "codes": dict(sorted(row.codes.items())),
                    "compared": row.compared,
                    "slowest_seconds": round(row.slowest, 2),
                    "largest_refusal_bytes": row.largest_growth,
                }
                for name, row in self.rows.items()
            },
            "lines": len(self.lines),
            "findings": [
                {"signature": known.finding.signature, "count": known.count, "folder": str(known.folder)}
                for known in self.findings.known.values()
            ],
        }

    def write(self, folder: Path) -> None:
        """Write `table.txt` and `table.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "table.txt").write_text(self.text() + "\n")
        (folder / "table.json").write_text(json.dumps(self.data(), indent=2, ensure_ascii=False) + "\n")

    def _sum(self) -> Row:
        total = Row()
        for row in self.rows.values():
            total.codes += row.codes
            total.compared += row.compared
            total.slowest = max(total.slowest, row.slowest)
            total.largest_growth = max(total.largest_growth, row.largest_growth)
        return total
