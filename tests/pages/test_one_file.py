"""Save as one file: the size is said first, and the file that is made is the run's."""

import pytest

from aecore import store
from aecore.export.explorer import Options, write_run
from pages.shared import background
from tests.pages.conftest import open_page, wait_for_work

PLACES = {
    "reconstructions": "pages/look/reconstructions/page.py",
    "codes": "pages/look/codes/page.py",
    "runs": "pages/train/runs/page.py",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_offers_it(tiny_key, place):
    app = open_page(PLACES[place])
    assert not app.exception
    labels = [block.proto.popover.label for block in app.get("popover")]
    assert labels.count("Save as one file") == 1
    # Nothing is looked at before it is asked for.
    assert not [name for name in background.works() if tiny_key in name]


def test_the_size_is_said_before_and_holds(tiny_key, tmp_path):
    app = open_page(PLACES["reconstructions"])
    app.session_state["reconstructions_one_file"] = True
    app.run()
    wait_for_work(app)
    assert not app.exception
    said = next(c.value for c in app.caption if "The file will have" in c.value)
    app.button(key="reconstructions_file_make").click().run()
    wait_for_work(app)
    made = [work.result for name, work in background.works().items() if tiny_key in name and "full" in name]
    wanted = write_run(store.find_run(tiny_key), tmp_path / "run.html", Options())
    assert made[0] == (tmp_path / "run.html").read_bytes()
    assert said == f"The file will have about {round(wanted / 1000)} kB."
    label = app.get("download_button")[0].proto.label
    assert label == f"Download ({round(wanted / 1000)} kB)"
