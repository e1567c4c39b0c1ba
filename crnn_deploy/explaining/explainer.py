"""Explains what one model says of one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.explaining.answers import Answer, characters, class_answer
from crnn_deploy.explaining.config import Method
from crnn_deploy.explaining.hiding import best_window, surroundings, window_size
from crnn_deploy.explaining.occlusion import occlusion, run_hidden
from crnn_deploy.explaining.result import Choice, ExplainedCharacter, Explanation, Region
from crnn_deploy.explaining.summaries import column_profile, grid, most_probable, share
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.seen import Box, Look, Seen
from crnn_deploy.reading.viewing import look_at
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import Session

if TYPE_CHECKING:
    from torch import nn


class Explainer:
    """An open model, and the method that explains it.

    Args:
        model: the network of a PyTorch artifact, for gradients; None: by occlusion.

    Raises:
        InputError: if the model knows one class only.
    """

    def __init__(self, session: Session, model: nn.Module | None = None) -> None:
        self.session = session
        self.spec = session.spec
        self._model = model
        if self.spec.num_outputs < 2:
            raise InputError(
                f"{self.spec.name} knows one class only, so there is no decision to explain.",
                fix="Give a model that chooses between classes, or reads lines.",
            )

    @property
    def method(self) -> Method:
        return "occlusion" if self._model is None else "gradients"

    def answers(self, seen: Seen) -> list[Answer]:
        """The class, or the characters of a line or of its piece; each is explained on its own."""
        if self.spec.task == "classify":
            return [class_answer(seen.output, self.spec)]
        return characters(seen.output, self.spec, seen.frames)

    def saliency(self, seen: Seen, answers: Sequence[Answer], progress: Progress = SILENT) -> NDArray[np.float32]:
        """How much each pixel speaks for each answer: `[A, H, W]`, or `[A, 1, W]` for lines."""
        if self._model is None:
            return occlusion(self.session, seen, answers, progress)
        from crnn_deploy.explaining.gradients import integrated_gradients

        return integrated_gradients(self._model, self.spec, seen, answers, progress)

    def regions(self, seen: Seen, saliency: NDArray[np.float32]) -> list[Box | None]:
        """The window of an occlusion's size that matters most to each answer; None where nothing matters."""
        size = window_size(seen.area, is_line=self.spec.task == "ctc")
        return [best_window(values, seen.area, size) for values in saliency]

    def explain(
        self,
        image: ImageOrClip,
        name: str,
        path: str,
        notes: NoteTaker,
        progress: Progress = SILENT,
        vector: NDArray[np.float32] | None = None,
    ) -> tuple[Explanation, Image.Image]:
        """The explanation of an image, and its upright picture; of a clip its first still.

        Args:
            name: of the image in messages.
            path: of the image in the result.
            notes: receives remarks on the image.
            vector: beside the image, normalised, `[1, V]`; None for a model that takes none.

        Raises:
            InputError: if the image is broken, or the network fails or has no gradients.
            GateError: if the model gives numbers that are not finite.
        """
        look = look_at(self.session, image, name, notes, vector)
        found = self._line(look, progress) if self.spec.task == "ctc" else self._class(look, progress)
        said = {
            "path": path,
            "confidence": share(confidences(look.output[np.newaxis], self.spec)[0]),
            "width": look.size[0],
            "height": look.size[1],
            "method": self.method,
        }
        return Explanation.model_validate({**said, **found}), Preprocessor(self.spec.preprocessing).picture(image, name)

    def _class(self, look: Look, progress: Progress) -> dict[str, object]:
        (seen,) = look.pieces
        (answer,) = answers = self.answers(seen)
        saliency = self.saliency(seen, answers, progress)
        (region,) = self.regions(seen, saliency)
        when_hidden = self._outputs(seen, [region])
        return {
            "text": answer.text,
            "choices": most_probable(seen.output, self.spec),
            "saliency": grid(saliency[0], seen.area),
            "region": None if region is None else _region(look, seen, region),
            "if_hidden": self.spec.class_names[int(when_hidden[0].argmax())] if when_hidden else None,
        }

    def _line(self, look: Look, progress: Progress) -> dict[str, object]:
        explained: list[ExplainedCharacter] = []
        for number, seen in enumerate(look.pieces):
            answers = self.answers(seen)
            if answers:
                explained += self._characters(look, number, answers, progress)
        return {"text": self._text(look.output), "characters": tuple(explained)}

    def _characters(
        self, look: Look, number: int, answers: Sequence[Answer], progress: Progress
    ) -> list[ExplainedCharacter]:
        """The characters in one piece of a line."""
        seen = look.pieces[number]
        before, after = look.pieces[:number], look.pieces[number + 1 :]
        skipped = sum(len(piece.kept) for piece in before) - seen.frames.indices(len(seen.output))[0]
        saliency = self.saliency(seen, answers, progress)
        regions = self.regions(seen, saliency)
        outputs = iter(self._outputs(seen, regions))
        columns_a_frame = seen.pixels.shape[2] / len(seen.output)
        explained = []
        for answer, values, region in zip(answers, saliency, regions, strict=True):
            text = None
            profile = column_profile(values[0], seen, look)
            if region is not None:
                kept = [*(p.kept for p in before), next(outputs)[seen.frames], *(p.kept for p in after)]
                text = self._text(np.concatenate(kept))
            explained.append(
                ExplainedCharacter(
                    text=answer.text,
                    confidence=share(answer.confidence),
                    second=Choice(text=self.spec.alphabet[answer.second], confidence=share(answer.second_confidence)),
                    frames=(answer.first + skipped, answer.end + skipped),
                    left=look.column(seen, answer.first * columns_a_frame),
                    right=look.column(seen, answer.end * columns_a_frame),
                    start=profile.start,
                    step=profile.step,
                    saliency=profile.values,
                    region=None if region is None else _region(look, seen, region),
                    if_hidden=text,
                )
            )
        return explained

    def _outputs(self, seen: Seen, regions: Sequence[Box | None]) -> list[NDArray[np.float32]]:
        """The output with each region hidden, one after the other."""
        boxes = [region for region in regions if region is not None]
        colour = surroundings(seen)
        return [output for _, outputs in run_hidden(self.session, seen, boxes, colour) for output in outputs]

    def _text(self, output: NDArray[np.float32]) -> str:
        from crnn_deploy.reading.decoding import greedy_decode

        return greedy_decode(output[np.newaxis], self.spec)[0]


def open_explainer(artifact: Artifact, method: Method = "occlusion", threads: int | None = None) -> Explainer:
    """The explainer of an artifact.

    Raises:
        InputError: if it can't be loaded or run here, knows one class only, or gradients are asked for and can't be
            had.
    """
    if method == "occlusion":
        return Explainer(open_session(artifact, threads))
    if artifact.format != "safetensors":
        raise InputError(
            f"{artifact.path} has no gradients: only .safetensors artifacts have.",
            fix="Choose --method occlusion, or explain the artifact that it was made from.",
        )
    from crnn_deploy.explaining.gradients import require_captum
    from crnn_deploy.models.assembly import load_model
    from crnn_deploy.runtime.torch import TorchSession

    require_captum()
    model = load_model(artifact)
    return Explainer(TorchSession(model, artifact.spec, threads), model)


def _region(look: Look, seen: Seen, box: Box) -> Region:
    """A part of an input in the picture; of a line it has the height of the picture."""
    whole = (box.top, box.bottom) == (seen.area.top, seen.area.bottom)
    top, bottom = (0.0, float(look.size[1])) if whole else (look.row(box.top), look.row(box.bottom))
    return Region(left=look.column(seen, box.left), top=top, right=look.column(seen, box.right), bottom=bottom)
