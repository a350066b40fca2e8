import pytest
import torch

from aecore.data import FloatData, scaling
from aecore.training.single import Training
from tests.samples import tiny_config

ROWS = torch.randn(40, 1, 1, 5, generator=torch.Generator().manual_seed(0))


def config(**values):
    return tiny_config(data__normalization="standardized", model__output_activation="linear", **values)


def test_a_training_is_given_the_rows_as_they_are():
    rows = ROWS * 100 - 3
    training = Training(config(), FloatData(rows))
    index = torch.tensor([3, 0, 17])
    assert training.images.at(index).equal(rows[index])
    assert training.model.encode(training.images.at(index)).shape == (3, 3)


def test_all_that_is_recorded_of_images_is_recorded_of_rows():
    training = Training(config(train__epochs=2), FloatData(ROWS))
    records = list(training)
    assert [set(r.train) == set(r.validation) for r in records] == [True, True]
    assert len(training.take_looks()[0])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS.to(torch.uint8), "must be floats"),
        (ROWS[:, 0], "N x C x H x W"),
        (ROWS[:0], "N x C x H x W"),
        (ROWS / 0, "must be finite"),
    ],
)
def test_other_rows_are_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        FloatData(rows)


@pytest.mark.parametrize(
    "values", [{"shift": 0.5}, {"corruption": "blur"}, {"corruption": "salt_and_pepper"}]
)
def test_what_is_done_to_images_is_not_done_to_rows(values):
    with pytest.raises(ValueError, match="are for images"):
        Training(config(**{f"train__{k}": v for k, v in values.items()}), FloatData(ROWS))


def test_only_standardized_suits_rows_and_leaves_them():
    assert scaling("standardized", FloatData(ROWS)).normalize(ROWS).equal(ROWS)
    with pytest.raises(ValueError, match="must be standardized, not zero_one"):
        scaling("zero_one", FloatData(ROWS))


def test_the_name_tells_other_rows():
    assert FloatData(ROWS).name == FloatData(ROWS.clone()).name != FloatData(ROWS + 1).name
    config(data__name=FloatData(ROWS).name)
