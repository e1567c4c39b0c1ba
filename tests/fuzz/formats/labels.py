"""Label files of each layout that tools write: separators, quotes, encodings, paths, and missing or doubled lines."""

from __future__ import annotations

import json
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, text
from fuzz.small_models import labelled_folder, line_model, pictures

COMMANDS = {
    "evaluate m.onnx --data set --json": 4,
    "evaluate m.onnx --data set": 1,
    "predict set --model m.onnx": 1,
    "inspect set --json": 1,
}
TEXTS = ("abc", "dead", "cab")
PATHS = tuple(f"images/{number}.png" for number in range(3))
SEPARATORS = ("\t", ",", ";", " ", ", ", "|", "\u3000", ":", "\0")
ENDINGS = ("\n", "\r\n", "\r", "\u2028", "\n\n", "\f", "\x1e")


def seeds() -> list[Seed]:
    model = {"m.onnx": line_model()}
    found = [
        Seed({**_layout({name: content}), **model}, f"set/{name}", COMMANDS) for name, content in layouts().items()
    ]
    beside = {f"images/{number}.gt.txt": f"{words}\n" for number, words in enumerate(TEXTS)}
    return [*found, Seed({**_layout(beside), **model}, "set/images/1.gt.txt", COMMANDS)]


def layouts() -> dict[str, str]:
    """Label files in the layouts of tools, by name."""
    pairs = list(zip(PATHS, TEXTS, strict=True))
    paddle = "".join(f"{path}\t{json.dumps([{'transcription': words}])}\n" for path, words in pairs)
    return {
        "labels.tsv": "".join(f"{path}\t{words}\n" for path, words in pairs),
        "gt.txt": "".join(f"{path}\t{words}\n" for path, words in pairs),
        "train.txt": "".join(f"{path}\t{words}\n" for path, words in pairs),
        "Label.txt": paddle,
        "rec_gt.txt": "".join(f'{path}, "{words}"\n' for path, words in pairs),
        "metadata.csv": "file_name,text\n" + "".join(f'{path},"{words}"\n' for path, words in pairs),
        "metadata.jsonl": "".join(json.dumps({"file_name": path, "text": words}) + "\n" for path, words in pairs),
        "labels.json": json.dumps(dict(pairs), indent=1),
        "labels.csv": "filename,words\n" + "".join(f"{path},{words}\n" for path, words in pairs),
    }


def _layout(files: dict[str, str]) -> dict[str, bytes]:
    images = {name: data for name, data in labelled_folder().items() if name.endswith(".png")}
    assert len(images) == len(pictures())
    return {**images, **{f"set/{name}": content.encode() for name, content in files.items()}}


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(10)
    if kind == 0:
        return mutate_bytes(random, data)
    if kind == 1:
        return _encoded(random, data.decode("utf-8", "replace"))
    words = data.decode("utf-8", "replace")
    lines = words.split("\n")
    which = random.randrange(len(lines))
    if kind == 2:
        return words.replace("\n", random.choice(ENDINGS)).encode()
    if kind == 3:
        return words.replace(random.choice(("\t", ",", " ", '"')), random.choice(SEPARATORS)).encode()
    if kind == 4:
        lines[which:which] = [lines[which]] * random.choice((1, 2, 300))
    elif kind == 5:
        del lines[which]
    elif kind == 6:
        lines.insert(which, random.choice(("path\ttext", "#comment", '"', "file_name,text", text(random))))
    else:
        at = random.randrange(len(lines[which]) + 1)
        lines[which] = lines[which][:at] + text(random) + lines[which][at + random.randrange(5) :]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _encoded(random: Random, words: str) -> bytes:
    return words.encode(random.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037")), "replace")


FORMAT = Format("labels", seeds, mutate)
