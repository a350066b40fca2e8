"""The words on screen, each explained once: for the Words dialog, the pages' help, and docs/words.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Word(NamedTuple):
    """A word of the pages."""

    name: str
    also: str
    """What the literature calls it, where that is another word; empty else."""
    meaning: str
    """One or two sentences."""


POST = '"Building a deep auto-encoder with PyTorch"'
"""The title of the post, whose network is the first preset."""

WORDS = (
    Word(
        "active unit",
        "",
        "A unit whose value for an image is not exactly zero. Of a code: how many there are, as a "
        "mean over images.",
    ),
    Word(
        "atom",
        "column of the decoder",
        "What one unit adds to the picture: the decoder's output for that unit alone, where the "
        "decoder is linear.",
    ),
    Word(
        "baseline",
        "",
        "A simpler method that does the same, to judge a figure by: here PCA with as many components "
        "as the code has units.",
    ),
    Word(
        "batch",
        "mini-batch",
        "The images that one step of the training looks at together.",
    ),
    Word(
        "beta",
        "",
        "The weight of the KL divergence in a variational network's loss. At 1 the loss is minus the "
        "evidence lower bound.",
    ),
    Word(
        "code",
        "latent representation",
        "The few numbers that the encoder makes of an image, and all that the decoder is given of it.",
    ),
    Word(
        "collapse",
        "posterior collapse",
        "In a variational network, units whose distribution is the same for every image: they say nothing.",
    ),
    Word(
        "contour",
        "",
        "A line along which a function has one value.",
    ),
    Word(
        "dead unit",
        "",
        "A unit whose standard deviation over the images is at most a hundredth of the largest "
        "unit's: it hardly differs from image to image.",
    ),
    Word(
        "decoder",
        "",
        "The half of the network that makes an image of a code.",
    ),
    Word(
        "effective rank",
        "",
        "How many directions the codes really spread in: exp of the entropy of the singular values of"
        " the centred codes. At most the number of units.",
    ),
    Word(
        "ELBO",
        "evidence lower bound",
        "What a variational network is trained to raise: a bound, from below, of the log-likelihood "
        "of an image. In nats; higher is better.",
    ),
    Word(
        "elbow",
        "",
        "The size from which on each further unit lowers the error by little.",
    ),
    Word(
        "encoder",
        "",
        "The half of the network that makes a code of an image.",
    ),
    Word(
        "epoch",
        "",
        "One pass of the training over all training images.",
    ),
    Word(
        "exact zero",
        "",
        "A value of a code that is 0, not only small. ReLU, TopK and a soft threshold make them; a "
        "linear code hardly ever has one.",
    ),
    Word(
        "gradient",
        "",
        "How the loss changes with each weight: the direction in which a step of the training moves "
        "them, reversed.",
    ),
    Word(
        "grid",
        "",
        "Networks trained alike but for a few settings, one for each combination of their values.",
    ),
    Word(
        "Hoyer",
        "Hoyer's sparseness",
        "How sparse a code is, from 0, all units alike, to 1, a single one: (sqrt(d) - |z|_1 / |z|_2)"
        " / (sqrt(d) - 1) of d units, as a mean over images whose code is not 0.",
    ),
    Word(
        "KL divergence",
        "Kullback-Leibler divergence",
        "How far the distribution that the encoder gives for an image is from the prior, in nats.",
    ),
    Word(
        "L1",
        "lasso",
        "A penalty on the sum of absolute values. With ReLU it drives values to exactly zero.",
    ),
    Word(
        "L2",
        "ridge",
        "A penalty on the sum of squares. It makes values small, seldom zero.",
    ),
    Word(
        "latent",
        "",
        "Not seen in the image itself: what the code's numbers, and the space they span, are called. "
        "The latent size is the number of units.",
    ),
    Word(
        "linear probe",
        "",
        "A linear classifier on the codes: what share of classes a plain method finds in them.",
    ),
    Word(
        "near zero",
        "",
        "A value of at most 5 % of the largest its unit takes over the images, exact zeros included.",
    ),
    Word(
        "Pareto front",
        "",
        "The models that no other beats in all of the figures compared at once.",
    ),
    Word(
        "PCA",
        "principal component analysis",
        "The best linear way through a given number of numbers. Fitted to the training images, scored"
        " on the test images.",
    ),
    Word(
        "penalty",
        "regularization",
        "A term added to the loss that asks something of the code or of the weights, times a strength.",
    ),
    Word(
        "prior",
        "",
        "The distribution that codes are drawn from to make new images: of a variational network the "
        "standard normal.",
    ),
    Word(
        "PSNR",
        "peak signal-to-noise ratio",
        "The error on a logarithmic scale, 10 log10(1 / mean squared error of a pixel), in decibels: "
        "higher is better, 3 dB is half the error.",
    ),
    Word(
        "reconstruction",
        "",
        "What the decoder makes of the code of an image; better, the nearer it is to the image.",
    ),
    Word(
        "seed",
        "",
        "The number that all chance in a training follows from: the same seed gives the same network,"
        " another shows what chance does.",
    ),
    Word(
        "squared error",
        "",
        "Of an image: the sum over its pixels of the squared difference from its reconstruction, "
        "pixels in [0, 1]. Of a network: the mean over the test images. Lower is better.",
    ),
    Word(
        "SSIM",
        "structural similarity",
        "How alike two images are in brightness, contrast and structure, window by window: 1 where "
        "they are equal.",
    ),
    Word(
        "t-SNE",
        "",
        "A map of the codes on a plane that keeps neighbours together. Distances between groups, and "
        "their sizes, mean little.",
    ),
    Word(
        "test image",
        "",
        "An image that the network was not trained on and nothing was chosen by. Figures are of these"
        " where nothing else is said.",
    ),
    Word(
        "the post",
        "",
        f"The blog post {POST}, from which this app grew. Its network has dense layers 784-128-64-12 and "
        "back, and a linear code.",
    ),
    Word(
        "TopK",
        "",
        "Keeps the k largest units of each image and sets the others to zero.",
    ),
    Word(
        "trustworthiness",
        "",
        "Of a map: 1 where every point's neighbours on it are its neighbours in the code too; "
        "strangers among them lower it, the more the farther they are.",
    ),
    Word(
        "unit",
        "latent variable",
        "One of the code's numbers, and what computes it.",
    ),
    Word(
        "validation image",
        "",
        "An image held out of the training, by which settings and networks are compared.",
    ),
    Word(
        "variational",
        "",
        "A network that gives a distribution for each image instead of one code, near enough to a "
        "prior that new images can be drawn from it.",
    ),
)
"""In alphabetical order."""


def words_in(text: str) -> Iterator[Word]:
    """The words that stand in a text, in the order in which they come; plurals count, parts don't."""
    found = {}
    for word in WORDS:
        flags = 0 if word.name[0].isupper() or word.name[-1].isupper() else re.IGNORECASE
        if match := re.search(rf"\b{re.escape(word.name)}(s|es)?\b", text, flags):
            found[word] = match.start()
    yield from sorted(found, key=found.__getitem__)


def explained(word: Word) -> str:
    """One word as Markdown: `**code** (latent representation): The few numbers ...`."""
    also = f" ({word.also})" if word.also else ""
    return f"**{word.name}**{also}: {word.meaning.replace('|', chr(92) + '|')}"


def help_for(text: str) -> str | None:
    """The words of a text, explained, as the help beside it; None where it has none."""
    return "\n\n".join(map(explained, words_in(text))) or None


def document() -> str:
    """The text of docs/words.md."""
    lines = "".join(f"- {explained(word)}\n" for word in WORDS)
    return f"# Words\n\nWhat the words on screen mean. *Words* in the sidebar shows the same.\n\n{lines}"
