"""A run's figures beside its squared error, measured once and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import layout, loading
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.analysis.quality import Quality

MEANING = """
- **SSIM**, structural similarity: compares means, contrasts and patterns of small windows; 1 for equal
  images, higher is better ([Wang et al. 2004](https://doi.org/10.1109/TIP.2003.819861); uniform windows of
  7 x 7 pixels), mean over {images:,} test images.
- **Variance explained**: 1 - squared error / that of the mean training image. 0 is one picture for all.
- **Effective rank**: in how many directions the codes vary, the exponential of the entropy of their singular
  values ([Roy & Vetterli 2007](https://www.eurasip.org/Proceedings/Eusipco/Eusipco2007/Papers/a5p-h05.pdf)).
- **Active units**: units of an image's code that are not exactly 0, mean over images. **Varying units**:
  those whose standard deviation over the images is above 1 % of the largest unit's.
- **Trained, held out**: squared error with the final weights on up to {gap_images:,} images of each part.
"""


def draw_folded(key: str, switch: str, *, kept: bool = False) -> None:
    """A switch that shows them: they are measured on demand, for weights and images have to be loaded.

    `switch` is its session key; `kept`: it stays as it is for other runs and on a return to the page.
    """
    if not st.toggle("Further figures", key=switch, persist_state="session" if kept else None):
        return
    try:
        draw(key)
    except ValueError as error:
        st.caption(plain(error))


def draw(key: str) -> None:
    """The table, the errors by class, and the line on what they say; for a run whose images are here."""
    from aecore.analysis.quality import GAP_IMAGES
    from aecore.figures.quality import class_error_bars

    found = loading.quality(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Further figures, all test images**", width="stretch")
        with st.popover("Meaning", icon=":material/help:", type="tertiary"):
            st.markdown(MEANING.format(images=found.ssim_images, gap_images=GAP_IMAGES))
    st.dataframe(rows(found), hide_index=True, key="further_figures", alt="Further figures of the run")
    if sentence := gap_sentence(found):
        st.caption(sentence)
    if len(found.class_errors) > 1:
        mean = loading.test_squared_errors(key).double().mean().item()
        layout.draw_chart(
            class_error_bars(found.class_errors, mean),
            key="further_class_errors",
            alt="Squared error of each class",
        )
        st.caption("Squared error by class; dashed: the mean over all images.")


def rows(found: Quality) -> list[dict[str, str]]:
    """The table's lines, PCA's figure beside the network's where there is one."""
    lines = {
        "SSIM": f"{found.ssim:.3f} (PCA {found.pca_ssim:.3f})",
        "Variance explained": f"{found.explained_variance:.1%} (PCA {found.pca_explained_variance:.1%})",
        "Effective rank": f"{found.effective_rank:.1f} of {found.units}",
        "Active units": f"{found.active_units:.1f} of {found.units}",
        "Varying units": f"{found.varying_units} of {found.units}",
    }
    if found.gap is not None:
        lines["Trained, held out"] = f"{found.gap.train:.2f}, {found.gap.validation:.2f}"
    return [{"Figure": name, "Value": value} for name, value in lines.items()]


def gap_sentence(found: Quality) -> str:
    """Whether images that were held out are rebuilt worse; empty where none were."""
    gap = found.gap
    if gap is None:
        return ""
    if not gap.is_clear:
        return (
            f"Whether held-out images are rebuilt worse than those trained on can't be told: the difference, "
            f"{gap.difference:+.2f}, is within two standard errors."
        )
    more = "more" if gap.difference > 0 else "less"
    share = f" ({abs(gap.difference) / gap.train:.0%} {more})" if gap.train > 0 else ""
    difference = f"{abs(gap.difference):.2f} {more} squared error"
    return f"Held-out images are left with {difference} than those trained on{share}."
