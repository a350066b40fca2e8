"""New images: codes drawn in several ways and decoded, scored beside real images and beside none at all."""

from pages.shared import layout
from pages.shared.state import chosen_key
from pages.use.generation import beta, manifold, prior, samples, units
from pages.use.generation.material import Subject

VIEWS = {
    "Samples": samples,
    "Codes and prior": prior,
    "Plane of two units": manifold,
    "Units": units,
    "Beta": beta,
}


def main() -> None:
    run, data = layout.require_run(
        "Generation",
        "The decoder makes an image of any code; the question is which codes to give it. Drawn in three "
        "ways, they are compared with real images, and each sample with the training image nearest to it.",
    )
    row = layout.controls(gap="small")  # it holds much
    view = row.segmented_control(
        "View",
        list(VIEWS),
        default="Samples",
        required=True,
        wrap=True,
        key="generation_view",
        bind="query-params",
    )
    VIEWS[view].draw(Subject(chosen_key(), run, data), row)


main()
