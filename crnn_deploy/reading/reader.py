"""`Reader`: an artifact that reads images in a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, get_args, overload

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.network_inputs import Array, vector_beside
from crnn_deploy.errors import InputError
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH, DecoderName, chosen_width
from crnn_deploy.reading.given import ChannelOrder, Given, image_of
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.part_batches import outputs_of
from crnn_deploy.reading.reading import Decoder, Reading
from crnn_deploy.reading.seen import View
from crnn_deploy.reading.viewing import Viewer
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.units import listed
from crnn_deploy.zoo import READER

WINDOW = 8
"""Batches of images that are prepared together, so that those of one size share batches."""
_THREADS = 2  # that prepare images while the network runs


@dataclass(frozen=True)
class Item:
    """One of many images: its name in messages, what opens it, and the normalised vector beside it, `[1, V]`."""

    name: str
    open: Callable[[], ImageOrClip]
    vector: Array | None = None


class Reader:
    """Reads images with an artifact, whose session stays open. Threads may share one, and it can be pickled.

        reader = Reader("student.int8.onnx")
        reader("line.png").text

    What it reads is to the letter what `evaluate` and `predict` read.

    Args:
        model: a file, which is checked as the verbs check it, or an artifact; without it the English line reader that
            comes with the package reads.
        threads: of the runtime; None: it chooses.
        batch_size: images of one size that run together, where several are given.
        decoder: `greedy` reads the most probable path, `beam` searches over all paths of a text; `auto` searches where
            the model has a language model, which counts in.
        beam_width: prefixes that a search keeps.
        notes: receives remarks on the images; None: none are looked for.

    Raises:
        InputError: if the file can't be loaded, this machine can't run it, or an option has no such value.
    """

    def __init__(
        self,
        model: str | PathLike[str] | Artifact = READER,
        *,
        threads: int | None = None,
        batch_size: int = 16,
        decoder: DecoderName = "auto",
        beam_width: int = USUAL_WIDTH,
        notes: NoteTaker | None = None,
    ) -> None:
        for option, value in (("threads", threads), ("batch_size", batch_size), ("beam_width", beam_width)):
            if value is not None and (type(value) is not int or value < 1):
                raise InputError(f"{option} is {value!r}.", fix="Give a whole number from 1 on.")
        if decoder not in get_args(DecoderName):
            raise InputError(f"decoder is {decoder!r}.", fix=f"Give one of {listed(get_args(DecoderName))}.")
        self.artifact = model if isinstance(model, Artifact) else open_artifact(Path(model))
        self.spec = self.artifact.spec
        self._session = open_session(self.artifact, threads)
        self._viewer = Viewer(self.spec, notes)
        self._decoder = Decoder(self.spec, chosen_width(self.spec, decoder, beam_width))
        self._batch_size = batch_size
        there = replace(self.artifact, path=self.artifact.path.absolute())  # another process may be in another folder
        self._reopen = partial(
            type(self),
            there,
            threads=threads,
            batch_size=batch_size,
            decoder=decoder,
            beam_width=beam_width,
            notes=notes,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process opens the model there, with the same options; its notes are its own."""
        return self._reopen, ()

    @property
    def runtime(self) -> str:
        """`torch`, `onnxruntime`, `tensorrt` or `tensorrt-rtx`."""
        return self._session.runtime

    @property
    def window(self) -> int:
        """How many images are prepared together, so that those of one size share batches."""
        return WINDOW * self._batch_size

    @overload
    def __call__(
        self, images: Given, *, order: ChannelOrder = ..., vector: Mapping[str, float] | None = ...
    ) -> Reading: ...

    @overload
    def __call__(
        self, images: list[Any] | tuple[Any, ...], *, order: ChannelOrder = ..., vector: None = ...
    ) -> list[Reading]: ...

    def __call__(
        self, images: Any, *, order: ChannelOrder = "RGB", vector: Mapping[str, float] | None = None
    ) -> Reading | list[Reading]:
        """Read an image, or a list of them.

        Args:
            images: paths, encoded bytes, open files, images of Pillow, arrays of NumPy, or clips.
            order: of the channels of arrays.
            vector: the numbers beside an image by their names, for a model that takes some.

        Raises:
            InputError: naming the image, if it is broken or no image, or a number is missing.
            GateError: naming the image, if the model gives numbers that are not finite.
        """
        if isinstance(images, (list, tuple)):
            if vector is not None:
                raise InputError(
                    "A vector stands beside one image, and several are given.", fix="Read them one by one."
                )
            return list(self.stream(images, order=order))
        name = "number 1"
        beside = None if vector is None else vector_beside(vector, self.spec.preprocessing, name)
        return self._read([(name, self._viewer.view(image_of(images, name, order), name, beside))])[0]

    def stream(self, images: Iterable[Given], *, order: ChannelOrder = "RGB") -> Iterator[Reading]:
        """Read any number of images in constant memory, in their order; arguments and errors are those of a call.

        They are read in groups, so the first reading comes when some have been asked for.
        """
        if isinstance(images, (str, bytes, PathLike)):
            raise InputError("A stream reads several images, and one is given.", fix="Call the reader with it.")
        for reading in self.read(_items(images, order)):
            if isinstance(reading, InputError):
                raise reading
            yield reading

    def read(self, items: Iterable[Item]) -> Iterator[Reading | InputError]:
        """What is read in each item in constant memory, in their order, or the error in place of a broken one.

        Raises:
            GateError: naming the image, if the model gives numbers that are not finite.
        """
        windows = _windows(items, self.window)
        with ThreadPoolExecutor(_THREADS) as pool:
            waiting = None
            for window in windows:
                preparing = window, pool.map(self._view, window)
                if waiting is not None:
                    yield from self._finish(*waiting)
                waiting = preparing
            if waiting is not None:
                yield from self._finish(*waiting)

    def _view(self, item: Item) -> View | InputError:
        try:
            return self._viewer.view(item.open(), item.name, item.vector)
        except InputError as error:
            return error

    def _finish(self, items: Sequence[Item], prepared: Iterable[View | InputError]) -> Iterator[Reading | InputError]:
        views = list(prepared)
        named = [(item.name, view) for item, view in zip(items, views, strict=True) if isinstance(view, View)]
        readings = iter(self._read(named))
        yield from (next(readings) if isinstance(view, View) else view for view in views)

    def _read(self, named: Sequence[tuple[str, View]]) -> list[Reading]:
        """What is read in each view; each has the name of its image beside it."""
        outputs = outputs_of(self._session, named, self._batch_size)
        return [self._decoder.reading(view, said) for (_, view), said in zip(named, outputs, strict=True)]


def _items(images: Iterable[Given], order: ChannelOrder) -> Iterator[Item]:
    for number, image in enumerate(images, 1):
        name = f"number {number}"
        yield Item(name, partial(image_of, image, name, order))


def _windows(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while window := list(islice(rest, size)):
        yield window
