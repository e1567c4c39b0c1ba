"""LMDB in the layout of deep-text-recognition-benchmark: `num-samples`, `image-%09d` and `label-%09d`, from 1."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.data.sources.encoded import EncodedSource, Item
from crnn_deploy.errors import InputError


def open_lmdb(folder: Path) -> EncodedSource:
    """Lines of text from an LMDB folder.

    Raises:
        InputError: if the package `lmdb` is missing, or the database is broken or laid out in another way.
    """
    try:
        import lmdb
    except ModuleNotFoundError:
        raise InputError(f"{folder} is an LMDB.", fix="pip install 'crnn-deploy[train]'") from None
    try:
        environment = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
        transaction = environment.begin(buffers=False)
        count = int(transaction.get(b"num-samples") or b"0")
        labels = [transaction.get(b"label-%09d" % number) for number in range(1, count + 1)]
    except (lmdb.Error, ValueError) as error:
        raise InputError(f"{folder} cannot be read as an LMDB: {error}.", fix="Make the database again.") from None
    kind = "text" if count and all(label is not None for label in labels) else "unlabelled"
    items = [Item(f"image-{number:09d}", (label or b"").decode()) for number, label in enumerate(labels, 1)]

    def read(index: int) -> bytes:
        with environment.begin(buffers=False) as reading:
            data: bytes | None = reading.get(items[index].name.encode())
        if data is None:
            raise InputError(f"{folder} has no {items[index].name}.", f"num-samples says {count}.", "Make it again.")
        return data

    return EncodedSource(str(folder), "text" if kind == "text" else "unlabelled", items, read)
