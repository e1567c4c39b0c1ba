"""Parquet files of images and texts: raw bytes, the footer, and tables of other types, sizes and encodings."""

from __future__ import annotations

import io
from random import Random
from typing import Any

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, packed, text, value
from fuzz.small_models import line_model, pictures

TEXTS = ["abc", "dead", "cab"]
COMMANDS = {
    "evaluate m.onnx --data set.parquet --json": 3,
    "predict set.parquet --model m.onnx": 1,
    "inspect set.parquet": 1,
}
PACKINGS = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")
NAMES = ("image", "img", "text", "label", "bytes", "path", "file_name", "image.bytes", "")
_END = 8  # length of the footer, and the four bytes that close the file


def seeds() -> list[Seed]:
    model = {"m.onnx": line_model(), **{f"{number}.png": data for number, data in enumerate(pictures())}}
    structs = [{"bytes": data, "path": f"{number}.png"} for number, data in enumerate(pictures())]
    tables = (
        {"image": structs, "text": TEXTS},
        {"img": list(pictures()), "label": TEXTS},
        {"file_name": [f"{number}.png" for number in range(len(TEXTS))], "text": TEXTS},
    )
    return [Seed({"set.parquet": written(table), **model}, "set.parquet", COMMANDS) for table in tables]


def written(table: dict[str, Any], **options: Any) -> bytes:
    """A table as Parquet."""
    import pyarrow
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(table), buffer, **{"row_group_size": 2, **options})
    return buffer.getvalue()


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(6)
    if kind <= 1:
        return mutate_bytes(random, data)
    if kind == 2:
        return _with_other_footer(random, data)
    return _other_table(random, data)


def _with_other_footer(random: Random, data: bytes) -> bytes:
    """A change within the description at the end, or of its length."""
    length = int.from_bytes(data[-_END : -_END + 4], "little")
    if random.random() < 0.2:
        return data[:-_END] + packed(random, 4) + data[-4:]
    start = len(data) - _END - length
    footer = mutate_bytes(random, data[start:-_END])
    return data[:start] + footer + len(footer).to_bytes(4, "little") + data[-4:]


def _other_table(random: Random, data: bytes) -> bytes:
    """The table with another value, column, type, or packing."""
    import pyarrow
    import pyarrow.parquet

    columns: dict[str, Any] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pydict()
    name = random.choice([*columns])
    options: dict[str, Any] = {}
    kind = random.randrange(6)
    if kind == 0:
        columns[name][random.randrange(len(columns[name]))] = _other_value(random, columns[name])
    elif kind == 1:
        columns[random.choice(NAMES)] = columns[name] if random.random() < 0.5 else columns.pop(name)
    elif kind == 2:
        columns[name] = [_other_value(random, columns[name])] * len(columns[name])
    elif kind == 3:
        options = {"compression": random.choice(PACKINGS), "row_group_size": random.choice((1, 2, 1000))}
    elif kind == 4:
        options = {"use_dictionary": random.random() < 0.5, "data_page_size": random.choice((1, 100, 1 << 20))}
        columns = {name: values * random.choice((0, 1, 40)) for name, values in columns.items()}
    else:
        types = (pyarrow.large_binary(), pyarrow.string(), pyarrow.int8(), pyarrow.date32(), pyarrow.null())
        columns[name] = pyarrow.array([None] * len(columns[name]), random.choice(types))
    return written(columns, **options)


def _other_value(random: Random, values: list[Any]) -> object:
    if isinstance(values[0], dict):
        return random.choice((None, {"bytes": None, "path": text(random)}, {"bytes": b"", "path": None}))
    if isinstance(values[0], bytes):
        return random.choice((None, b"", values[0][:20], mutate_bytes(random, values[0])))
    return random.choice((None, text(random), value(random), "x" * 100_000))


FORMAT = Format("parquet", seeds, mutate)
