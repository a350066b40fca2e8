"""Through the code space: paths between images, sheets of four, unit sliders, directions by example."""

from pages.look.interpolation import corners, direction, path, plane, sliders
from pages.shared import layout
from pages.shared.state import chosen_key

VIEWS = {
    "Path": path,
    "Plane": plane,
    "Four corners": corners,
    "Unit sliders": sliders,
    "Direction": direction,
}


def main() -> None:
    run, _ = layout.require_run(
        "Interpolation",
        "What the decoder makes of the places between images, and how far from the data they lie.",
        with_data=False,
    )
    row = layout.controls()
    view = row.segmented_control(
        "View",
        list(VIEWS),
        default="Path",
        required=True,
        wrap=True,
        key="interpolation_view",
        bind="query-params",
    )
    if view == "Unit sliders":
        sliders.draw(run, chosen_key())
        return
    data = layout.require_images(run)
    if view == "Path":
        path.draw(run, chosen_key(), data, row)
    else:
        VIEWS[view].draw(run, chosen_key(), data)
    layout.draw_known_note(data)


main()
