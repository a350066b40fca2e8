"""What Features says of the run on digits, computed again with scikit-learn."""

import numpy as np
import pytest
import streamlit as st
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from aecore import data, load_run
from pages.shared import background
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import encode

PAGE = "pages/use/features/page.py"
RUN = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"


@pytest.fixture(scope="module")
def own():
    """Codes and classes of the training images but the twelfth that is held out, and of the test images."""
    digits, run = data.load("digits"), load_run(RUN)
    count = len(digits.train_images)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0)).numpy()
    rows = np.sort(order[round(count / 12) :])
    train, test = (part.flatten(1).numpy() for part in (digits.train_images[rows], digits.test_images))
    classes = digits.train_labels.numpy()[rows], digits.test_labels.numpy()
    return encode(run, train), classes[0], encode(run, test), classes[1]


@pytest.fixture
def measured(gallery):
    """The page after its features were measured."""
    st.cache_resource.clear()
    app = open_page(PAGE, {"run": RUN.name})
    app.button(key="features_measure").click().run()
    for work in background.works().values():
        work.join(300)
    yield app.run()
    st.cache_resource.clear()


def shown(app, classifier):
    """The share named rightly with all labels, as the page says it."""
    app.segmented_control(key="features_by").set_value(classifier).run()
    app.segmented_control(key="features_view").set_value("Mistakes").run()
    (text,) = (box.value for box in app.markdown if "are named rightly" in box.value)
    assert "of the 360 test images" in text
    return float(text.split("%")[0]) / 100


def test_shares_named_rightly_are_those_of_scikit_learn(own, measured):
    train, classes, test, wanted = own
    nearest = KNeighborsClassifier(5).fit(train, classes)
    # Where classes tie among the five, scikit-learn takes the lower one and the page the nearer one.
    votes = nearest.predict_proba(test)
    ties = (votes == votes.max(1, keepdims=True)).sum(1) > 1
    share = shown(measured, "nearest labelled")
    assert abs(share - nearest.score(test, wanted)) <= ties.mean() + 5e-4

    scale = np.sqrt(np.square(train - train.mean(0)).sum(1).mean())
    near, far = ((part - train.mean(0)) / scale for part in (train, test))
    shares = [
        LogisticRegression(C=1 / (strength * len(near)), max_iter=5000).fit(near, classes).score(far, wanted)
        for strength in 10.0 ** np.arange(-6, 0)
    ]
    probe = shown(measured, "linear probe")
    assert min(abs(probe - share) for share in shares) < 0.006
