"""The augmentation suits the task, and what does not is refused."""

from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.augmentation.augmentation import Augmentation
from crnn_deploy.training.augmentation.choosing import augmentation_for, check_augmentation
from crnn_deploy.training.augmentation.pictures import PictureAugmentation
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.losses.options import CrossEntropyOptions, DkdOptions, FeatureOptions, HintonKdOptions

READER = ModelSpec(name="reader", charset="ab", preprocessing=Preprocessing(height=32))
SORTER = ModelSpec(
    name="sorter", task="classify", class_names=("a", "b"), preprocessing=Preprocessing(height=8, width=8)
)


def test_lines_and_pictures_have_their_own() -> None:
    assert isinstance(augmentation_for(READER, TrainingOptions()), Augmentation)
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 1), np.uint8)
    made = augmentation_for(SORTER, TrainingOptions(augmentation=0.5, flip=True))(
        [picture, picture], [np.random.default_rng(0), np.random.default_rng(1)]
    )
    one_by_one = PictureAugmentation(0.5, flip=True)
    for seed, changed in enumerate(made):
        assert np.array_equal(changed, one_by_one(picture, np.random.default_rng(seed)))
    assert not TrainingOptions().flip  # symbols would lose their meaning


@pytest.mark.parametrize("name", ["flip", "mixup", "cutmix"])
def test_lines_are_neither_mirrored_nor_mixed(name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is for classifiers"):
        check_augmentation(TrainingOptions.model_validate({name: name == "flip" or 0.2}), (), "ctc")


@pytest.mark.parametrize("loss", [DkdOptions(), FeatureOptions()])
def test_losses_that_know_no_shares_are_refused_with_mixing_only(loss: DkdOptions | FeatureOptions) -> None:
    losses = (CrossEntropyOptions(), loss)
    check_augmentation(TrainingOptions(flip=True), losses, "classify")
    with pytest.raises(InputError, match=f"The loss '{loss.kind}' can't be computed for mixed pictures") as raised:
        check_augmentation(TrainingOptions(cutmix=1), losses, "classify")
    assert "hinton-kd" in raised.value.fix
    check_augmentation(TrainingOptions(mixup=0.2), (CrossEntropyOptions(), HintonKdOptions()), "classify")
