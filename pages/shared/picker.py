"""Choosing one image: by number, by class, from thumbnails, at random, or drawn by hand.

The number lives in the URL under the picker's key; images are the test images of the run's data set.
"""

from __future__ import annotations

import base64
import html
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.picker import drawing_canvas, thumbnails
from pages.shared import images

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import ImageData

THUMBNAILS = 30
"""Pictures to choose from at once."""
SIDE = 112
"""Height and width of a drawing as it comes from the browser."""
TEST, DRAWING = "test image", "drawing"


@dataclass(frozen=True)
class Picked:
    """The chosen image."""

    image: Tensor
    """float32 C x H x W in [0, 1]."""
    caption: str
    """`image 12, class 7` or `drawing`."""


def first_images(data: ImageData) -> list[int]:
    """Four test images to begin with: the first of each of the first four classes, as far as there are."""
    from aecore.data import first_of_each_class

    first = first_of_each_class(data.test_labels)[:4].tolist()
    return [first[i % len(first)] for i in range(4)]


def pick_image(key: str, label: str, data: ImageData, default: int = 0, drawing: bool = True) -> Picked:
    """A small picture of the choice with a button that opens the ways to change it.

    `label` names the button, such as `Start image`: read out by itself, it says what is chosen.
    """
    from aecore.data import unit_range

    count = len(data.test_images)
    # A number from another data set, which may be too large for this one, would be an error in the widget.
    if not 0 <= st.session_state.get(key, 0) < count:
        st.session_state[key] = min(default, count - 1)
    # The choice is made inside the button's panel but shown beside it, so the place is kept first.
    row = st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key=f"picked_{key}"
    )
    picture = row.empty()
    name = label[:1].lower() + label[1:]
    with row.popover(label, icon=":material/image_search:", help=f"Choose the {name}"):
        source = TEST
        # A drawing is grey; among colour pictures it would only show what a grey picture does.
        if drawing and data.shape[0] == 1:
            source = st.segmented_control(
                "From",
                [TEST, DRAWING],
                default=TEST,
                key=f"{key}_from",
                persist_state="session",
                required=True,
            )
        drawn = _draw(key, data.shape) if source == DRAWING else None
        number = _choose(key, data, default) if source == TEST else st.session_state.get(key, default)
    if drawn is not None:
        picked = Picked(drawn, "drawing")
    else:
        known = data.known_classes
        of_class = f", class {known[int(data.test_labels[number])]}" if known else ""
        picked = Picked(unit_range(data.test_images[number]), f"image {number}{of_class}")
    alt = f"{name}: {picked.caption}"
    picture.html(
        # As wide for a drawing as for a test image: the open panel hangs on what stands beside it.
        f'<div style="line-height:1.2;min-width:8rem">{images.tag(images.to_rgb(picked.image), 56, alt)}'
        '<div style="font-size:0.75rem;opacity:0.75;white-space:nowrap">'
        f"{html.escape(picked.caption)}</div></div>",
        width="content",
    )
    return picked


def _choose(key: str, data: ImageData, default: int) -> int:
    count = len(data.test_images)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    number = left.number_input(
        "Test image",
        0,
        count - 1,
        # The widget takes its value from the session where there is one, and wants no other then.
        **({} if key in st.session_state else {"value": min(default, count - 1)}),
        key=key,
        bind="query-params",
        help=f"Number of the image among the {count:,} test images.",
    )
    right.button("Random", key=f"{key}_random", on_click=_at_random, args=(key, count), width="stretch")
    name = "all classes"
    if data.labelled:
        name = st.selectbox("From the class", [name, *data.class_names], key=f"{key}_class")
    page = st.session_state.get(f"{key}_page", 0)
    numbers = _numbers(data, name, page)
    thumbnails(
        data.test_images[numbers].numpy(),
        numbers,
        number,
        key=f"{key}_thumbnails",
        on_pick=lambda: _take(key),
    )
    st.button("Others", key=f"{key}_others", icon=":material/refresh:", on_click=_turn_page, args=(key,))
    return number


def _numbers(data: ImageData, name: str, page: int) -> list[int]:
    """Numbers of the thumbnails: the class's images in order, from the page on, round and round."""
    import torch

    if name == "all classes":
        found = torch.arange(len(data.test_labels))
    else:
        found = (data.test_labels == data.class_names.index(name)).nonzero().flatten()
    if not len(found):
        return []
    places = (torch.arange(min(THUMBNAILS, len(found))) + page * THUMBNAILS) % len(found)
    return found[places].tolist()


def _take(key: str) -> None:
    if (picked := st.session_state[f"{key}_thumbnails"].picked) is not None:
        st.session_state[key] = int(picked)


def _at_random(key: str, count: int) -> None:
    st.session_state[key] = random.randrange(count)


def _turn_page(key: str) -> None:
    st.session_state[f"{key}_page"] = st.session_state.get(f"{key}_page", 0) + 1


def _draw(key: str, shape: tuple[int, int, int]) -> Tensor | None:
    """The drawing as an image of that shape; None while nothing has been drawn."""
    import numpy as np
    import torch

    from aecore.data.drawing import centred_drawing

    kept = f"{key}_ink"
    ink = drawing_canvas(st.session_state.get(kept, ""), SIDE, key=f"{key}_canvas")
    if ink is not None:
        st.session_state[kept] = ink
    st.caption(
        "White on black. It is scaled to 20 / 28 of the picture and centred by its mass, as MNIST was. "
        "Until something is drawn, the test image stays."
    )
    try:
        ink = np.frombuffer(base64.b64decode(st.session_state.get(kept, "")), np.uint8).reshape(SIDE, SIDE)
        return centred_drawing(torch.from_numpy(ink.astype(np.float32) / 255), shape)
    except ValueError:
        return None
