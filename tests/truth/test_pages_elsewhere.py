"""What further pages say of models of the bundled digits and of sprites, checked by other arithmetic.

Trained for a moment: figures must be the weights' own, and sentences hold of them or say that nothing can be
said.
"""

import re

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from aecore import load_run, store
from aecore.analysis.denoising import corrupted
from aecore.data import Scaling
from tests.pages.conftest import TINY, open_page
from tests.truth.recompute import (
    captions,
    charts,
    codes_and_errors,
    decode,
    digits,
    encode,
    payload,
    plain_html,
    told,
)


@pytest.fixture
def made(elsewhere, monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(elsewhere.root))
    return elsewhere


class Own:
    """A run's own figures, by NumPy and scikit-learn."""

    def __init__(self, found, path):
        self.run = load_run(path)
        self.train = found.data.train_images.flatten(1).numpy()
        self.test = found.data.test_images.flatten(1).numpy()
        self.classes = found.data.test_labels.numpy()
        self.pca = PCA(svd_solver="covariance_eigh").fit(self.train / 255.0)
        count = round(self.run.config.data.validation_fraction * len(self.train))
        order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0))
        self.validation = self.train[np.sort(order[:count].numpy())]
        self.code, self.errors = codes_and_errors(self.run, self.test)

    def linear(self, pixels, n):
        """Reconstructions by n principal components."""
        axes = self.pca.components_[:n]
        return (pixels / 255.0 - self.pca.mean_) @ axes.T @ axes + self.pca.mean_

    def linear_errors(self, pixels, n, clipped=False):
        made = self.linear(pixels, n)
        return np.square((made.clip(0, 1) if clipped else made) - pixels / 255.0).sum(1)


@pytest.fixture(scope="module")
def plain(elsewhere):
    return Own(elsewhere, elsewhere.runs["plain"])


def rank(error, other):
    """Words of a network beside PCA, whose errors count as alike within 5 %."""
    share = f"{abs(1 - error / other):.0%}"
    if error < 0.95 * other:
        return f"{share} less"
    return f"{share} more: PCA does better" if error >= 1.05 * other else "about as large"


def test_home_gives_the_error_of_all_test_images(made, plain):
    app = open_page("pages/home/page.py", {"run": made.runs["plain"].name})
    assert not app.exception
    (words,) = [text for text in captions(app) if "numbers go through" in text]
    size = plain.test.shape[1]
    assert words.startswith(f"{size} numbers go through 6, {size / 6:.0f} times fewer. Over all test images")
    error, pca = re.search(r"\*\*([\d.]+)\*\*; PCA.* leaves ([\d.]+)\.$", words).groups()
    assert float(error) == pytest.approx(plain.errors.mean(), abs=0.051)
    assert float(pca) == pytest.approx(plain.linear_errors(plain.test, 6).mean(), abs=0.051)


def test_train_ranks_the_finished_run_and_scores_pca_on_validation_images(made, plain):
    app = open_page("pages/train/train/page.py", {"run": made.runs["plain"].name})
    assert not app.exception
    error, pca = plain.errors.mean(), plain.linear_errors(plain.test, 6).mean()
    (verdict,) = [element.value for element in app.success]
    shown = re.search(r"squared error ([\d.]+) per test image; PCA with 6 components ([\d.]+)\.", verdict)
    assert [float(n) for n in shown.groups()] == pytest.approx([error, pca], abs=0.0051)
    assert f"The network's is {rank(error, pca)}" in verdict
    (words,) = [text for text in captions(app) if text.startswith("Grey: PCA with 6 components")]
    own = [plain.linear_errors(plain.validation, 6, clipped).mean() for clipped in (False, True)]
    shown = [float(n) for n in re.findall(r"\d+\.\d+", words)]
    assert shown == pytest.approx(own, abs=0.0051)
    assert "on the validation images" in words


def test_training_names_the_error_and_the_mean_images(made, plain):
    app = open_page("pages/understand/training/page.py", {"run": made.runs["plain"].name})
    assert not app.exception
    mean = np.square(plain.test / 255.0 - plain.train.mean(0) / 255.0).sum(1).mean()
    error = codes_and_errors(plain.run, plain.validation)[1].mean()
    said = [text for text in captions(app) if text.startswith("No alarm")]
    # A run below the mean image's error has no alarm that it fails by.
    assert bool(said) == (not app.warning)
    if said:
        shown = re.search(r"the squared error is ([\d.]+), the mean image's is ([\d.]+)\.$", said[0])
        assert [float(n) for n in shown.groups()] == pytest.approx([error, mean], abs=0.0051)
        assert error < mean


def test_network_counts_and_gives_the_images_error(made, plain):
    app = open_page("pages/understand/network/page.py", {"run": made.runs["plain"].name})
    assert not app.exception
    words = " ".join(captions(app))
    size = plain.test.shape[1]
    weights = size * 32 + 32 + 32 * 6 + 6 + 6 * 32 + 32 + 32 * size + size
    assert f"the code, 6 values, {size / 6:.0f} times fewer than the image has" in words
    assert f"Of the network's {weights:,} parameters {(32 * size + size) / weights:.0%} are in" in words
    (image,) = [text for text in plain_html(app) if re.fullmatch(r"\|image \d+, class .*\|", text)]
    number = int(re.search(r"image (\d+)", image)[1])
    assert f"class {made.data.class_names[plain.classes[number]]}" in image
    error, pca = re.search(r"error of this image ([\d.]+) \(PCA ([\d.]+);", words).groups()
    assert float(error) == pytest.approx(plain.errors[number], abs=0.051)
    assert float(pca) == pytest.approx(plain.linear_errors(plain.test[[number]], 6)[0], abs=0.051)


def test_data_counts_its_own_classes_and_pixels(made, plain):
    title = {"digits": "Digits (8x8)", "sprites": "Sprites"}[made.data.name]
    app = open_page("pages/understand/data/page.py", {"run": made.runs["plain"].name, "data_set": title})
    assert not app.exception
    words = " ".join(captions(app))
    counts = np.bincount(made.data.train_labels.numpy())
    names = made.data.class_names
    if counts.min() == counts.max():
        assert f"Every class has {counts.min():,} training images." in words
    else:
        ends = [(counts[i], names[i]) for i in (counts.argmin(), counts.argmax())]
        (low, first), (high, last) = ends
        assert f"from {low:,} ({first}) to {high:,} ({last}) training images" in words
    mean, deviation = plain.train.mean() / 255, plain.train.std() / 255
    assert f"{mean:.3f} ± {deviation:.3f}, then {2 * mean - 1:.3f} ± {2 * deviation:.3f}" in words
    assert f"All {plain.train.size:,} values" in words
    ends = np.isin(plain.train, (0, 255)).mean()
    (fit,) = [element.value for element in app.success]
    assert fit.startswith("The range of tanh is that of the pixels.")
    shown = float(re.search(r"([\d.]+)% of the pixels lie exactly at its ends", fit)[1])
    assert shown == pytest.approx(100 * ends, abs=0.51)
    (bars,) = [
        rows for chart in charts(app) for _, rows, _ in chart if "part" in rows[0] and "name" in rows[0]
    ]
    for part, labels in (("training", made.data.train_labels), ("test", made.data.test_labels)):
        shown = {row["name"]: row["images"] for row in bars if row["part"] == part}
        assert shown == dict(zip(names, np.bincount(labels.numpy()).tolist(), strict=True))


def test_choose_proposes_by_validation_images_and_ranks_members_as_they_are(made, plain):
    rows = store.read_grid(made.grid).members()
    groups = {}
    for row in rows:
        size, penalty, seed = row.axes.values()
        groups.setdefault((size, penalty), []).append((row.result.validation["squared_error"], seed))
    means = {key: np.mean([error for error, _ in values]) for key, values in groups.items()}
    best = min(means, key=means.get)
    doubt = np.std([error for error, _ in groups[best]], ddof=1) / 2**0.5
    size, penalty = min(
        (key for key in means if means[key] <= means[best] + doubt), key=lambda k: (k[0], means[k])
    )
    own, seed = min(groups[size, penalty])
    app = open_page("pages/look/choose/page.py", {"grid": made.grid.name})
    assert not app.exception
    (text,) = [text for text in captions(app) if text.startswith("**Proposed")]
    with_l1 = f", L1 {penalty:g}" if penalty else ""
    assert text.startswith(f"**Proposed: {size} units{with_l1}, seed {seed}** (by itself {own:.2f}")
    assert f"({doubt:.2f}, over 2 seeds)" in text
    assert f"{means[size, penalty]:.2f}" in text

    members = payload(app, "grid_board")["members"]
    for row in (rows[0], rows[-1]):
        run = load_run(made.grid / str(row.k))
        code, errors = codes_and_errors(run, plain.test)
        figures = members[row.k]["figures"]
        assert figures["test"] == pytest.approx(errors.mean(), rel=1e-4)
        assert figures["zeros"] == pytest.approx((code == 0).mean(), abs=1e-4)
        pca = plain.linear_errors(plain.test, run.latent_size).mean()
        assert members[row.k]["pca"]["test"] == pytest.approx(pca, rel=1e-4)
        own = rank(errors.mean(), pca)
        said = members[row.k]["sentence"]
        assert ("below what PCA reaches" in said) == own.endswith("less")
        assert ("does about as well" in said) == (own == "about as large")
        assert ("does better" in said) == own.endswith("better")
    (clipped,) = [text for text in captions(app) if "clipped to it" in text]
    own = plain.linear_errors(plain.test, size, clipped=True).mean()
    assert float(re.search(r"([\d.]+)\.$", clipped)[1]) == pytest.approx(own, abs=0.0051)
    assert clipped.startswith(f"Test images, {size} components")


def ratio(clean, other):
    return 10 * np.log10(1 / np.square(clean - other).mean())


def test_denoising_ranks_the_networks_only_outside_the_paired_interval(made, plain):
    noisy = load_run(made.runs["noisy"])
    app = open_page("pages/use/denoising/page.py", {"run": made.runs["noisy"].name})
    assert not app.exception
    clean = plain.test[:300] / 255.0
    # The noise is the program's own; what is made of it is not.
    seen = corrupted(made.data.test_images[:300], noisy.config.train).flatten(1).double().numpy()
    rebuilt = [decode(run, encode(run, 255 * seen)) for run in (plain.run, noisy)]
    (wall,) = [text for text in plain_html(app) if "as they are" in text]
    shown = [float(n) for n in re.findall(r"· ([\d.]+) dB", wall)]
    expected = [ratio(clean, x) for x in (seen, *rebuilt)]
    assert [shown[0], *shown[2:]] == pytest.approx(expected, abs=0.051)
    assert "network trained on clean images" in wall
    assert "network trained on masking 0.5" in wall

    a, b = (np.square(clean - x).sum(1) for x in rebuilt)
    gain = 10 * np.log10(a.mean() / b.mean())
    doubt = 10 / np.log(10) * (a / a.mean() - b / b.mean()).std(ddof=1) / len(a) ** 0.5
    (verdict,) = [text for text in captions(app) if "test images with this noise" in text]
    assert f"on {len(clean)} test images" in verdict
    assert ("No difference can be told" in verdict) == (abs(gain) <= 2 * doubt)
    if abs(gain) > 2 * doubt:
        assert f"reaches {abs(gain):.1f} dB {'more' if gain > 0 else 'less'}" in verdict


def question(made, key):
    app = open_page("pages/understand/questions/page.py", {"run": made.runs["plain"].name, "question": key})
    assert not app.exception
    return " ".join(captions(app))


def test_questions_on_the_chosen_run_hold_of_it(made, plain):
    words = question(made, "auto-encoder")
    error, pca = re.search(r"squared error of ([\d.]+); PCA.* leaves ([\d.]+)\.", words).groups()
    assert float(error) == pytest.approx(plain.errors.mean(), abs=0.0051)
    assert float(pca) == pytest.approx(plain.linear_errors(plain.test, 6).mean(), abs=0.0051)

    words = question(made, "dimensionality-reduction")
    first = slice(0, 2000)
    scores = (plain.test[first] / 255.0 - plain.pca.mean_) @ plain.pca.components_[:6].T
    spaces = (plain.test[first] / 255.0, scores, plain.code[first])
    rows = np.arange(len(spaces[0]))
    shares = [told(space, plain.classes[first], rows).mean() for space in spaces]
    shown = [float(n) / 100 for n in re.findall(r"([\d.]+)%", words)[:3]]
    assert shown == pytest.approx(shares, abs=2e-3)
    top, second = sorted(shares)[:0:-1][:2]
    clear = top - second > 2 * (2 * top * (1 - top) / len(rows)) ** 0.5
    assert ("keep classes together best" in words) == clear
    assert ("are not clearly apart" in words) == (not clear)

    words = question(made, "generation")
    near = NearestNeighbors(n_neighbors=1).fit(plain.train / 255.0)
    own = np.median(np.square(near.kneighbors(plain.test[:200] / 255.0)[0]))
    pattern = r"is ([\d.]+) of squared error .*, ([\d.]+) from a test image, and ([\d.]+) from"
    samples, tests, rebuilt = (float(n) for n in re.search(pattern, words).groups())
    assert tests == pytest.approx(own, abs=0.051)
    if abs(samples - rebuilt / 1.2) > 0.1 and abs(samples - 1.2 * tests) > 0.2:
        assert ("nearer to training images" in words) == (samples < rebuilt / 1.2)
        assert ("less like the training images" in words) == (rebuilt / 1.2 <= samples > 1.2 * tests)


def test_labels_few_or_many_are_asked_of_images_of_every_class(made, plain):
    """Accuracies of the first images stand for all: classes come in no order. The draws are others here."""
    words = question(made, "features")
    shown = [
        (int(n), int(p)) for n, p in re.findall(r"[Ww]ith (\d+) labels? a class .*?pixels (\d+)%", words)
    ]
    train, test = plain.train[:5000] / 255.0, plain.test[:1000] / 255.0
    labels = made.data.train_labels.numpy()[:5000]
    count, share = shown[-1]
    found = []
    for draw in range(10):
        order = np.random.default_rng([7, draw]).permutation(len(train))
        some = np.concatenate([order[labels[order] == c][:count] for c in np.unique(labels)])
        near = KNeighborsClassifier(5).fit(train[some], labels[some])
        found.append(near.score(test, plain.classes[: len(test)]))
    assert share == pytest.approx(100 * np.mean(found), abs=3)
    every = np.bincount(plain.classes[: len(test)]) / len(test)
    assert every.min() > 0.5 / len(every)


@pytest.mark.parametrize("lost", [5, 0])
def test_a_network_next_to_pca_is_ranked_only_where_the_images_tell(lost, tmp_path, monkeypatch):
    """A linear network that is PCA itself but for one axis, in whose place the seventh stands.

    The sixth carries little more than the seventh, so that images do not tell; the first carries far more.
    """
    (train, _), (test, _) = digits("train"), digits("test")
    pca = PCA(7, svd_solver="full").fit(train / 255)
    kept = [i for i in range(7) if i != lost]
    axes = torch.from_numpy(pca.components_[kept]).float()
    mean = torch.from_numpy(pca.mean_).float()
    # The network's images run from -1 to 1.
    state = {
        "encoder.1.weight": axes / 2,
        "encoder.1.bias": axes @ (0.5 - mean),
        "decoder.0.weight": 2 * axes.T,
        "decoder.0.bias": 2 * mean - 1,
    }
    config = TINY.with_values({"model.hidden": (), "model.output_activation": "linear"})
    path = store.create_run(config, "nearly PCA", tmp_path)
    store.save_weights(path, state, (1, 8, 8), Scaling((0.5,), (0.5,)))
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path))

    def errors(axes):
        scores = (test / 255 - pca.mean_) @ axes.T
        return np.square(scores @ axes + pca.mean_ - test / 255).sum(1)

    mine, linear = errors(pca.components_[kept]), errors(pca.components_[:6])
    doubt = 2 * (linear - mine).std(ddof=1) / len(test) ** 0.5
    assert (abs(np.mean(linear - mine)) <= doubt) == (lost == 5)
    app = open_page("pages/look/reconstructions/page.py", {"run": path.name})
    assert not app.exception
    assert float(app.metric[0].value) == pytest.approx(mine.mean(), abs=0.0051)
    words = " ".join(captions(app))
    figures = f"({mine.mean():.1f} against {linear.mean():.1f})"
    undecided = (
        f"On these 360 images nothing can be said between the network and PCA with 6 components {figures}."
    )
    assert (undecided in words) == (lost == 5)
    assert ("PCA with 6 components does better" in words) == (lost == 0)
