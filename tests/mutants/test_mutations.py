"""The mutations are those that were meant, and a mutant replaces its module without touching a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutants.mutation import sample
from mutants.native_mutations import native_mutations
from mutants.python_mutations import python_mutations

import crnn_deploy

PACKAGE = Path(crnn_deploy.__file__).parent
HOOK = Path(__file__).parent / "hook"


def changed(source: str) -> list[str]:
    return [mutation.changed_line for mutation in python_mutations("x.py", source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a < b >= c", ["a <= b >= c", "a < b > c"]),
        ("a is None", ["a is not None"]),
        ("a is not b", ["a is b"]),
        ("a not in b", ["a in b"]),
        ("a and b and c", ["a or b and c", "a and b or c"]),
        ("not a", ["a"]),
        ("a + (b)", ["a - (b)"]),
        ("(a) // (b)", ["(a) * (b)"]),
        ("a **= b", []),
        ("a += b", ["a -= b"]),
        ("-a", ["a"]),
        ("a[-1]", ["a[0]"]),
        ("a[-2:]", ["a[-1:]"]),
        ("f(0, 1.5, 0.0)", ["f(1, 1.5, 0.0)", "f(0, 3.0, 0.0)", "f(0, 1.5, 1.0)"]),
        ("f(flag=True)", ["f(flag=False)"]),
        ("x.mean(axis=1)", ["x.mean(axis=0)"]),
        ("x.mean(axis=0)", ["x.mean(axis=1)"]),
        ("max(a, b)", ["min(a, b)"]),
        ("np.minimum(a, b)", ["np.maximum(a, b)"]),
        ("x.clamp(min=0)", ["x.clamp(max=0)", "x.clamp(min=1)"]),
        ("f(min=a, max=b)", []),
        ("def f(a: int = 3) -> int: ...", ["def f(a: int = 4) -> int: ..."]),
        ("f(a) if 'é' else a - 1", ["f(a) if 'é' else a + 1", "f(a) if 'é' else a - 2"]),
    ],
)
def test_every_change_is_made_alone(source: str, expected: list[str]) -> None:
    assert changed(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations",
        '"""One of 3 < 4."""',
        "a: int | None",
        "A = Annotated[int, 3]",
        "A = Callable[[int], str]",
        "def f(a: Literal[1]) -> Literal[2]: ...",
        "@dataclass(frozen=True)\nclass A: ...",
        "raise ValueError(f'{a + 1} of {b > 2}')",
        "assert a is not None",
        "zip(a, b, strict=True)",
        "Field(description='a' * 3, examples=[32])",
        "'a' + b",
    ],
)
def test_what_has_no_behaviour_is_left_alone(source: str) -> None:
    assert changed(source) == []


def test_a_mutation_knows_its_place() -> None:
    (mutation,) = python_mutations("x.py", "# é\nif a:\n    b = (c  # comment <\n        < d)\n")
    assert (mutation.number, mutation.line, mutation.changed_line) == (4, "        < d)", "        <= d)")


def test_real_modules_have_many_mutations_in_the_same_order_each_time() -> None:
    path = PACKAGE / "quantization" / "calibration" / "calibrators.py"
    found = python_mutations("x.py", path.read_text(encoding="utf-8"))
    assert len(found) > 100
    assert len({(m.start, m.after) for m in found}) == len(found)
    source = path.read_text(encoding="utf-8")
    for mutation in found:
        compile(mutation.applied_to(source), "x.py", "exec", dont_inherit=True)
    drawn = sample(found, 20, seed=1)
    assert drawn == sample(found, 20, seed=1) == sorted(drawn)
    assert drawn != sample(found, 20, seed=2)
    assert sample(found, 10_000, seed=1) == found


def test_tokens_of_cpp() -> None:
    source = (
        "#include <vector>  // 1\n"
        "template <class V, int N> // a < b\n"
        'const float* x = a[i] * 2.0f - y(-1); // "1"\n'
        "if (!done && i <= std::min(n, 0x7f)) total += v & mask;\n"
    )
    assert [m.changed_line.split(" //")[0] for m in native_mutations("x.cc", source)] == [
        "const float* x = a[i] / 2.0f - y(-1);",
        "const float* x = a[i] * 4.0f - y(-1);",
        "const float* x = a[i] * 2.0f + y(-1);",
        "const float* x = a[i] * 2.0f - y(1);",
        "const float* x = a[i] * 2.0f - y(-2);",
        "if (done && i <= std::min(n, 0x7f)) total += v & mask;",
        "if (!done || i <= std::min(n, 0x7f)) total += v & mask;",
        "if (!done && i < std::min(n, 0x7f)) total += v & mask;",
        "if (!done && i <= std::max(n, 0x7f)) total += v & mask;",
        "if (!done && i <= std::min(n, 0x7f)) total -= v & mask;",
        "if (!done && i <= std::min(n, 0x7f)) total += v | mask;",
    ]


def test_the_hook_replaces_one_module_in_child_processes_too(tmp_path: Path) -> None:
    original = PACKAGE / "units.py"
    changed_source = tmp_path / "units.py"
    changed_source.write_text(original.read_text(encoding="utf-8") + "\nMUTANT = True\n", encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(HOOK),
        "MUTANT_MODULE": "crnn_deploy.units",
        "MUTANT_FILE": str(original),
        "MUTANT_SOURCE": str(changed_source),
    }
    child = "from crnn_deploy import errors, units; print(units.MUTANT, units.__file__, hasattr(errors, 'MUTANT'))"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    done = subprocess.run([sys.executable, "-c", parent], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["True", str(original), "False"], done.stderr
