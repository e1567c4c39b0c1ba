"""`crnn-deploy inspect`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, facts_table, show, show_json
from crnn_deploy.inspection.config import InspectConfig

if TYPE_CHECKING:
    from crnn_deploy.inspection.description import ModelDescription
    from crnn_deploy.inspection.source.description import SourceDescription
    from crnn_deploy.language_model import LanguageModel
    from crnn_deploy.preprocessing import Preprocessing
    from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, ShapeProfile
from crnn_deploy.spec import LineageStep, ModelSpec

_MOST_CHARACTERS = 300  # that are shown; some charsets have tens of thousands
_MOST_NUMBERS = 8


def inspect(config: InspectConfig, as_json: bool) -> None:
    """Say what a model file is, or what is in a data set.

    Of a model: task, charset, preprocessing, architecture, size, lineage, metrics. Of a data set: images, their sizes,
    texts and characters or classes, images that are there twice, and broken ones; with --data also which images another
    data set holds, too. Of large archives and LMDBs the index is kept, so that they are looked through once.

    \b
    Examples:
      crnn-deploy inspect english_g2.pth
      crnn-deploy inspect student.int8.onnx --json
      crnn-deploy inspect student.engine
      crnn-deploy inspect train.tar
      crnn-deploy inspect train.tar --data val.tar
    """
    with RichProgress() as progress:
        description = api.inspect(config, progress)
    if as_json:
        show_json(description.model_dump(mode="json"), config)
    else:
        show(facts_table(_rows(description)))


def _rows(description: ModelDescription | SourceDescription) -> Iterable[tuple[str, str | Sequence[str]]]:
    from crnn_deploy.cli.source_rows import source_rows  # loads NumPy, which other verbs do without
    from crnn_deploy.inspection.source.description import SourceDescription

    return source_rows(description) if isinstance(description, SourceDescription) else _lines(description)


def _lines(d: ModelDescription) -> list[tuple[str, str | Sequence[str]]]:
    from crnn_deploy.units import quantity, size

    lines: dict[str, str | Sequence[str] | None] = {
        "file": f"{d.path} ({size(d.size_bytes)})",
        "SHA-256": d.sha256,
        "task": d.task,
        "charset": f"{len(d.charset):,} characters, blank {d.blank}: {_shown(d.charset)}" if d.charset else None,
        "sequences": f"{len(d.sequences):,} texts that several classes in a row stand for" if d.sequences else None,
        "normal form": _unusual(d, "normal_form"),
        "text order": _unusual(d, "text_order"),
        "output layout": _unusual(d, "output_layout"),
        "language model": _language(d.language_model) if d.language_model else None,
        "classes": f"{len(d.class_names)}: {', '.join(d.class_names)}" if d.class_names else None,
        "preprocessing": _preprocessing(d.preprocessing) if d.preprocessing else None,
        "vector": _vector(d.preprocessing) if d.preprocessing else None,
        "architecture": f"{d.architecture.family} {json.dumps(d.architecture.options)}" if d.architecture else None,
        "parameters": f"{d.parameters:,} in {d.precision}",
        "MACs": f"{quantity(d.macs)} on {'×'.join(map(str, d.macs_input or ()))}" if d.macs is not None else None,
        "layers": str(d.layers) if d.layers and not d.architecture else None,
        "recurrence": d.recurrence,
        "operators": ", ".join(f"{name} {count}" for name, count in d.operators.items()) if d.operators else None,
        **(_engine(d.engine) if d.engine else {}),
        "lineage": [_step(step) for step in d.lineage],
        "metrics": [f"{data}: {json.dumps(figures)}" for data, figures in d.metrics.items()],
        "note": d.note,
    }
    return [(name, value) for name, value in lines.items() if value]


def _unusual(d: ModelDescription, name: str) -> str | None:
    """A field of the spec, unless it is not known or has its default."""
    value = getattr(d, name)
    return None if value == ModelSpec.model_fields[name].default else value


def _language(m: LanguageModel) -> str:
    from crnn_deploy.ngrams import unpacked  # loads NumPy

    try:
        count = f"{len(unpacked(m.table)):,}"
    except ValueError:
        count = "damaged"
    return f"{count} n-grams of up to {m.order} characters, weight {m.weight:g}, bonus {m.bonus:g}"


def _engine(e: EngineManifest) -> dict[str, str | Sequence[str]]:
    from crnn_deploy.runtime.tensorrt.names import TITLES

    versions = " and later" if e.version_compatible else ""
    gpus = " and later" if e.hardware_compatible else ""
    plugin = e.plugin and f"{e.plugin.name} {e.plugin.version}, {'embedded' if e.plugin.embedded else 'to be loaded'}"
    layers: dict[str, Counter[str]] = {}
    for layer in e.first_profile:
        layers.setdefault(layer.kind, Counter())[layer.precision] += 1
    kinds = (f"{kind}: {', '.join(f'{n} {p}' for p, n in counts.most_common())}" for kind, counts in layers.items())
    return {
        "runs with": f"{TITLES[e.flavor]} {e.version}{versions}",
        "runs on": f"{', '.join(e.compute_capabilities)}{gpus}",
        "plugin": plugin or "none",
        "profiles": [_profile(profile) for profile in e.profiles],
        "engine layers": list(kinds),
    }


def _profile(p: ShapeProfile) -> str:
    return " … ".join("×".join(map(str, shape)) for shape in (p.min, p.opt, p.max))


def _preprocessing(p: Preprocessing) -> str:
    """What every model has, and then each field that says something other than its default."""
    width = p.width or f"kept, padded {p.padding} to a multiple of {p.width_multiple}"
    fixed = [f"mean {list(p.mean)}", f"std {list(p.std)}"] if p.normalise == "fixed" else []
    shown = {
        "channels",
        "height",
        "width",
        "resize",
        "mean",
        "std",
        "vector",
        *([] if p.width else ["padding", "width_multiple"]),
    }
    others = [
        name if value is True else f"{name} {value}"
        for name, value in p
        if name not in shown and value != type(p).model_fields[name].default
    ]
    return ", ".join([p.channels, f"height {p.height}", f"width {width}", p.resize, *fixed, *others])


def _vector(p: Preprocessing) -> str:
    """The numbers beside a picture, the first of very many."""
    named = [f"{number.name} (mean {number.mean:.4g}, std {number.std:.4g})" for number in p.vector]
    return ", ".join(named[:_MOST_NUMBERS]) + (f" … {len(named)} in all" if len(named) > _MOST_NUMBERS else "")


def _step(step: LineageStep) -> str:
    """One stage with its single figures; what has many, such as a training's history, is in the JSON."""
    details = {name: value for name, value in (step.options | step.notes).items() if value not in (None, False)}
    single = [f"{name} {value}" for name, value in details.items() if not isinstance(value, (dict, list))]
    more = [f"{len(details) - len(single)} more in --json"] if len(single) < len(details) else []
    tools = ", ".join(f"{name} {version}" for name, version in step.tools.items())
    parent = f", from {step.parent_sha256[:12]}…" if step.parent_sha256 else ""
    return f"{step.stage}: {', '.join(single + more)} ({tools}{parent})"


def _shown(charset: Sequence[str]) -> str:
    """The characters, or the first of very many."""
    return "".join(charset[:_MOST_CHARACTERS]) + (" …" if len(charset) > _MOST_CHARACTERS else "")
