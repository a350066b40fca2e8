"""The share of images named rightly by the number of labels: of the code, and of what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore.presets import corruption_text
from pages.shared import background, layout
from pages.shared.plain import plain
from pages.shared.twins import Network, draw_train_button, twin_of
from pages.use.features import material, preview, words
from pages.use.features.material import Kind, Subject

if TYPE_CHECKING:
    import numpy as np
    from streamlit.delta_generator import DeltaGenerator

    from aecore.analysis.features import Answers, Part, Share

PROBE, NEAREST = "linear probe", "nearest labelled"


def choose_classifier(row: DeltaGenerator) -> str:
    """Which of the two classifiers is looked at, beside the other controls."""
    return row.segmented_control(
        "Classes are told by",
        [PROBE, NEAREST],
        default=PROBE,
        required=True,
        key="features_by",
        bind="query-params",
        help="Linear probe: logistic regression, its penalty chosen on validation images. Nearest labelled: "
        "the commonest class among the 5 nearest labelled images, or all where there are fewer.",
    )


def given(answers: Answers, by: str) -> np.ndarray:
    """The classes that the test images were given, draws x M."""
    return answers.probe if by == PROBE else answers.nearest


def draw_work(subject: Subject, kinds: Sequence[Kind], draw: Callable[[], None]) -> None:
    """What there is, drawn by `draw`, below the button that measures the rest or that work's bar."""
    name = material.measuring(subject)
    work = background.works().get(name)
    if work is not None and work.running:
        background.draw_progress(name, "Measuring", draw)
        return
    background.draw_problem(name)
    begun = any(material.found(subject, kind) for kind in kinds)
    if left := material.missing(subject, kinds):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.button(
                "Measure the rest" if begun else "Measure these features",
                type="primary",
                key="features_measure",
                icon=":material/play_arrow:",
                on_click=material.measure,
                args=(subject, kinds),
            )
            st.caption(
                f"{len(left)} measurements: {'; '.join(plain(kind.name) for kind in kinds)}. On MNIST "
                "they take a minute or two on two cores; they run beside the pages and can be stopped, and "
                "what is found is kept."
            )
    if not begun:
        preview.draw(subject, kinds)
    draw()


def rows(subject: Subject, kinds: Sequence[Kind], by: str) -> list[dict[str, Any]]:
    """The curve's points: mean share over draws, and the lowest and highest of them."""
    from aecore.analysis.features import ALL, CLUSTERS

    task = subject.task
    every = len(task.train) / len(task.classes)
    found = []
    for kind in kinds:
        for part, answers in material.found(subject, kind).items():
            if part == CLUSTERS:
                continue
            shares = (given(answers, by) == task.test).mean(1)
            place = {"x": every if part == ALL else part, "series": kind.name}
            found.append(
                {**place, "y": float(shares.mean()), "low": float(shares.min()), "high": float(shares.max())}
            )
    return found


def differences(subject: Subject, ours: Kind, theirs: Kind, by: str) -> dict[Part, Share]:
    """By the labels a class: how many more images `ours` names rightly, where both are measured."""
    from aecore.analysis import features

    one, other = material.found(subject, ours), material.found(subject, theirs)
    return {
        part: features.difference(given(one[part], by), given(other[part], by), subject.task.test)
        for part in features.parts(subject.task)
        if part != features.CLUSTERS and part in one and part in other
    }


def draw_curve(subject: Subject, kinds: Sequence[Kind], by: str) -> None:
    """The curve, and what it says of the first kind against the others."""
    from aecore.figures.features import color_of
    from aecore.figures.questions import lines

    points = rows(subject, kinds, by)
    if not points:
        return
    ticks = [*subject.task.drawn, round(len(subject.task.train) / len(subject.task.classes))]
    st.altair_chart(
        lines(
            points,
            "labels a class (the last: all labels)",
            "share of test images named rightly",
            log_x=True,
            ticks=ticks,
            span=(ticks[0], ticks[-1]),
            zero=False,
            colors={kind.name: color_of(kind.name) for kind in kinds},
            height=380,
        ),
        key="features_curve",
        alt="Share of test images named rightly against labels a class, a line a kind of features",
    )
    subjects = "The code" if kinds[0].name == "code" else f"The {kinds[0].name},"
    for other in kinds[1:]:
        name = f"PCA with {subject.run.latent_size} components" if other.name == "PCA" else other.name
        if said := words.against(subjects, name, differences(subject, kinds[0], other, by)):
            st.markdown(said)


def draw_labels(subject: Subject, row: DeltaGenerator) -> None:
    """The code beside pixels and PCA, with few labels, with all, and with none."""
    kinds = [material.code(subject), material.pca(subject), material.pixels()]
    by = choose_classifier(row)

    def draw() -> None:
        left, right = layout.picture_and_figures()
        with left:
            draw_curve(subject, kinds, by)
        with right:
            draw_bars(subject, kinds)
        draw_conditions(subject, kinds)

    draw_work(subject, kinds, draw)


def draw_robust(subject: Subject, row: DeltaGenerator) -> None:
    """The same network with and without corruption in its training."""
    config = subject.run.config
    own, twin = Network(subject.key, config), twin_of(subject.key, config, "masking")
    if twin is None:
        if config.train.corruption == "none":
            st.info(
                "This network was trained on clean images. Whether corrupted ones make better features, the "
                "same network trained on them would show."
            )
            draw_train_button(config, "masking", 0.5)
        else:
            st.info("The same network trained on clean images is not here: it shows what the noise added.")
            draw_train_button(config, "none", 0.0)
        return
    by = choose_classifier(row)
    pair = sorted((own, twin), key=lambda network: network.config.train.corruption == "none")
    kinds = [
        material.code_of(network.key, f"code, {corruption_text(network.config.train) or 'clean images'}")
        for network in pair
    ]

    def draw() -> None:
        left, right = layout.picture_and_figures()
        with left:
            draw_curve(subject, kinds, by)
        with right:
            draw_bars(subject, kinds)
            st.caption("Both are asked about clean images. One seed each: others may give other figures.")
        draw_conditions(subject, kinds)

    draw_work(subject, kinds, draw)


def draw_bars(subject: Subject, kinds: Sequence[Kind]) -> None:
    """With all labels by both classifiers, and without any by k-means."""
    from aecore.analysis.features import ALL, CLUSTERS, accuracy
    from aecore.figures.features import bars

    values: dict[str, dict[str, float]] = {}
    for kind in kinds:
        found = material.found(subject, kind)
        if ALL in found:
            for by, name in ((PROBE, "linear probe, all labels"), (NEAREST, "5-NN, all labels")):
                share = accuracy(given(found[ALL], by), subject.task.test)
                values.setdefault(name, {})[kind.name] = share.mean
    for kind in kinds:
        if (clusters := material.found(subject, kind).get(CLUSTERS)) is not None:
            values.setdefault("k-means, Rand", {})[kind.name] = float(clusters.rand[0])
            values.setdefault("k-means, information", {})[kind.name] = float(clusters.information[0])
    if values:
        st.altair_chart(bars(values), key="features_bars", alt="Scores of each kind of features, from 0 to 1")
        st.caption(
            "k-means sees no labels: adjusted Rand index and normalized mutual information of its clusters "
            "with the classes, 1 where they are the same; chance is 0, for information a little above. Of "
            "ten starts the one with the least distances within clusters."
        )


def draw_conditions(subject: Subject, kinds: Sequence[Kind]) -> None:
    """What the figures are over, once there are any."""
    if not any(material.found(subject, kind) for kind in kinds):
        return
    split, data = subject.split, subject.data
    st.caption(
        f"Band: lowest to highest of ten draws of the labelled images, the same for all features. "
        f"{words.CONDITION} Labels are those of {len(split.train):,} of {len(data.train_images):,} training "
        f"images; {len(split.validation):,} held-out ones choose the probe's penalty, with their labels; "
        f"{len(split.test):,} of {len(data.test_images):,} test images are asked once."
    )
