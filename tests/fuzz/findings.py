"""What was found, each kind once, in a folder from which it can be run again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.case import Case
from fuzz.client import Outcome
from fuzz.oracle import Finding


@dataclass
class Known:
    """One kind of finding: how often it was seen, and the folder of its smallest case."""

    finding: Finding
    folder: Path
    bytes: int
    count: int = 1


@dataclass
class Findings:
    """Findings by signature. Of each, the smallest case is stored below `folder`."""

    folder: Path
    known: dict[str, Known] = field(default_factory=dict)

    def add(self, finding: Finding, case: Case, outcome: Outcome, origin: str) -> bool:
        """Count a finding, and store its case if it is new or smaller; whether it is new."""
        size = sum(map(len, case.files.values()))
        before = self.known.get(finding.signature)
        if before is not None:
            before.count += 1
            if size < before.bytes:
                before.bytes = size
                self._store(before.folder, finding, case, outcome, origin)
            return False
        name = re.sub(r"\W+", "-", finding.signature)[:90].strip("-")
        folder = self.folder / f"{len(self.known) + 1:03}-{name}"
        self.known[finding.signature] = Known(finding, folder, size)
        self._store(folder, finding, case, outcome, origin)
        return True

    def _store(self, folder: Path, finding: Finding, case: Case, outcome: Outcome, origin: str) -> None:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        case.save(folder)
        (folder / "stdout").write_text(outcome.stdout, errors="backslashreplace")
        (folder / "stderr").write_text(outcome.stderr, errors="backslashreplace")
        facts = {
            "signature": finding.signature,
            "detail": finding.detail,
            "origin": origin,
            "code": outcome.code,
            "killed_for": outcome.killed_for,
            "seconds": round(outcome.seconds, 2),
            "growth_bytes": outcome.growth,
            "replay": f"make fuzz-replay CASE={folder}",
        }
        (folder / "finding.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
