"""YAML: recipes and specs as trees, and the parts of YAML that are not JSON (tags, anchors, dates, binary)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import yaml
from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, mutate_tree, text
from fuzz.small_models import checkpoint, encoded, labelled_folder, line_graph, line_image

import crnn_deploy

RECIPE = """\
name: small
title: Small
baseline: {checkpoint: nowhere.safetensors, spec: spec.yaml}
sources: {train: set, evaluation: other}
distill: {epochs: 1, batch_size: 8, student: {hidden: 8, width: 0.25}, losses: [ctc]}
quantize: {samples: 8, max_error_rise: 0.5%}
evaluate: {resamples: 50}
benchmark: {rounds: 3, threads: [1, 2]}
budget: {max_error_rise_over_parent: 0.01, min_speedup: 1.1}
"""
SPEC = """\
name: line
charset: abcdefg
blank: 0
preprocessing: {channels: L, height: 16, width_multiple: 4, mean: [0.5], std: [0.5], padding: white}
"""
SNIPPETS = (
    *("!!python/object/apply:os.system ['touch executed']", "!!python/name:os.system", "!custom 3", "!!str {a: 1}"),
    *("!!binary aGVsbG8=", "!!set {a, b}", "!!omap [a: 1]", "!!timestamp x", "!!int x", "!!float .", "!!bool maybe"),
    *("!!map [1]", "!!null x", "2001-01-01", "2001-12-14t21:59:43Z", "2001-99-99", ".nan", ".inf", "-.inf", "1e999"),
    *("0o17", "0x1F", "0b2", "1_000", "190:20:30", "~", "yes", "=", "&a [*a]", "&a {<<: *a}", "*nowhere", "<<: 3"),
    *("? [a, b]", "{{a: 1}: 2}", "[1, 2]: 3", "- x", "|\n  text", "{a: &x 1, b: *x}", "'\\u2028'", '"\\0"'),
    *('"\\ud800"', "\t", "%YAML 9.9", "---", "..."),
)


def seeds() -> list[Seed]:
    data = labelled_folder()
    data |= {f"other/{number}.png": encoded(line_image(words)) for number, words in enumerate(("bag", "face"))}
    data["other/labels.tsv"] = b"0.png\tbag\n1.png\tface\n"
    recipe = {"recipe.yaml": RECIPE.encode(), "spec.yaml": SPEC.encode(), **data}
    runs = {"run recipe.yaml --out runs": 4, "run recipe.yaml --out runs --set distill.epochs=2": 1}
    spec = {"spec.yaml": SPEC.encode(), "m.onnx": line_graph().SerializeToString()}
    imports = {"import m.onnx --spec spec.yaml -o out.onnx": 3, "import m.onnx --spec spec.yaml -o out.onnx --json": 1}
    weights = {"m.pt": checkpoint(), "spec.yaml": SPEC.replace("abcdefg", "abc").encode()}
    shipped = sorted((Path(crnn_deploy.__file__).parents[1] / "recipes").glob("*.yaml"))
    settings = ("baseline={checkpoint: nowhere}", "sources.train=nowhere", "sources.evaluation=nowhere")
    elsewhere = " ".join(f"--set '{setting}'" for setting in settings)
    return [
        Seed(recipe, "recipe.yaml", runs),
        Seed(spec, "spec.yaml", imports),
        Seed(weights, "spec.yaml", {"import m.pt --spec spec.yaml -o out.safetensors": 1}),
        *(Seed({"r.yaml": path.read_bytes()}, "r.yaml", {f"run r.yaml --out runs {elsewhere}": 1}) for path in shipped),
    ]


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(10)
    if kind == 0:
        return mutate_bytes(random, data)
    if kind <= 3 or b"*a" in data:  # as a tree, aliases could multiply here too
        return _with_snippet(random, data)
    if kind == 4:
        return _laughs(random)
    try:
        tree = mutate_tree(random, yaml.safe_load(data))
        return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError, UnicodeDecodeError):
        return _with_snippet(random, data)


def _with_snippet(random: Random, data: bytes) -> bytes:
    """A snippet in place of a value, or as a line of its own."""
    lines = data.decode("utf-8", "replace").split("\n")
    which = random.randrange(len(lines))
    key, colon, _ = lines[which].partition(":")
    snippet = random.choice(SNIPPETS) if random.random() < 0.8 else text(random)
    if colon and random.random() < 0.8:
        lines[which] = f"{key}: {snippet}"
    else:
        lines.insert(which, snippet)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _laughs(random: Random) -> bytes:
    """Aliases that multiply, or nesting without end."""
    if random.random() < 0.5:
        return (random.choice(("[", "{a: ", "- ", "? ", "[{")) * random.choice((100, 3000, 50_000))).encode()
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, random.choice((3, 9, 12)))]
    return "\n".join([*lines, RECIPE]).encode()


FORMAT = Format("yaml", seeds, mutate)
