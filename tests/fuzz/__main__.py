"""`python -m fuzz`: hours of fuzzing (`make fuzz`), or one stored case again (`make fuzz-replay`)."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz.case import load_case
from fuzz.client import ForkServer
from fuzz.findings import Findings
from fuzz.formats.every import FORMATS, missing_package
from fuzz.session import Session, examine
from fuzz.table import Table

EVERY = 10.0  # seconds between two lines of progress


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other inputs")
    parser.add_argument("--only", action="append", choices=[*FORMATS], help="a format; may be repeated")
    parser.add_argument("--unguided", action="store_true", help="mutate seeds only, without following the lines")
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz"), help="folder for the table and the findings")
    parser.add_argument("--replay", type=Path, help="run the case in this folder again")
    options = parser.parse_args()
    return replay(options.replay) if options.replay else fuzz(options)


def fuzz(options: argparse.Namespace) -> int:
    """Run cases until the time is over; exit code 1 if something was found."""
    for name in FORMATS:
        if package := missing_package(name):
            print(f"{name} is left out: it needs {package}.", flush=True)
    table = Table(Findings(options.out / "findings"))
    started = time.monotonic()
    with ThreadPoolExecutor(options.workers) as pool:
        workers = [pool.submit(_work, table, f"{options.seed}.{n}", options, started) for n in range(options.workers)]
        while not all(worker.done() for worker in workers):
            time.sleep(EVERY)
            _tell(table, time.monotonic() - started, 60 * options.minutes)
            table.write(options.out)
        for worker in workers:
            worker.result()
    table.write(options.out)
    print(table.text())
    return 1 if table.findings.known else 0


def _work(table: Table, seed: str, options: argparse.Namespace, started: float) -> None:
    formats = [FORMATS[name] for name in options.only or FORMATS if not missing_package(name)]
    with ForkServer() as server:
        for new in Session(server, table, seed, not options.unguided).run(formats, options.out / "atheris"):
            for finding in new:
                print(f"✗ {finding.signature}  {finding.detail[:120]}", flush=True)
            if time.monotonic() - started > 60 * options.minutes:
                return


def _tell(table: Table, elapsed: float, total: float) -> None:
    rate, left = table.inputs / elapsed, max(0.0, total - elapsed) / 60
    found = f"{len(table.lines)} lines, {len(table.findings.known)} kinds of findings"
    print(f"{table.inputs} inputs, {rate:.1f} a second, {found}, {left:.0f} min left", flush=True)


def replay(folder: Path) -> int:
    """Run a stored case again; exit code 1 if something is wrong with it."""
    case = load_case(folder)
    with ForkServer() as server:
        outcome, found, _ = examine(server, case)
    print(f"crnn-deploy {' '.join(case.argv)}\nexit {outcome.code} after {outcome.seconds:.1f} s")
    print(outcome.stdout, end="")
    print(outcome.stderr, end="")
    for finding in found:
        print(f"✗ {finding.signature}  {finding.detail}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
