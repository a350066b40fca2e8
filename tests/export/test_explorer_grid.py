"""A grid as one file: every kind of grid gives one, or one sentence."""

import base64
import gzip
import json
import re
import shutil

import numpy as np
import pytest

from aecore import store
from aecore.config import Config
from aecore.export.explorer import grid
from aecore.export.explorer.grid import GridOptions, card_data, estimate, text, write_grid
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.store import names
from aecore.web.decoder.payload import decoder_data
from tests.conftest import ROOT

SHIPPED = ROOT / "checkpoints"
DEPTH = SHIPPED / "grid-digits-depth"
NAME = "<script>alert(1)</script> & {title}"


def head_of(page, section):
    """The JSON of a section; its arrays are places in what follows it."""
    content = gzip.decompress(base64.b64decode(re.search(rf'id="data-{section}">([^<]*)<', page)[1]))
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


@pytest.fixture
def depth(tmp_path):
    """A copy of a shipped grid of 24 models on digits, to be damaged."""
    return shutil.copytree(DEPTH, tmp_path / "root" / DEPTH.name)


@pytest.mark.parametrize("folder", sorted(SHIPPED.glob("grid-*")), ids=lambda folder: folder.name)
def test_every_shipped_grid_gives_a_file_with_all_its_members(folder):
    page = text(folder, GridOptions(images=1, pictures="half"))
    info = store.read_grid(folder)
    count = len(info.grid.members)
    choose, models, card = (head_of(page, section) for section in ("choose", "models", "card"))
    assert len(choose["board"]["members"]) == len(models["rows"]) == len(card["configs"]) == count
    assert choose["board"]["count"] == 1
    assert choose["board"]["index"] == choose["heat"]["index"] == list(info.grid.index)
    assert choose["proposed"]["title"].startswith("Proposed: ")
    assert choose["board"]["axes"] == choose["heat"]["axes"]
    assert [Config.from_dict(json.loads(config)) for config in card["configs"]] == list(info.grid.members)


def test_the_size_said_is_the_size_written_and_the_same_grid_gives_the_same_file(tmp_path):
    shares = []
    size = write_grid(DEPTH, tmp_path / "a.html", on_progress=shares.append)
    assert size == estimate(DEPTH) == (tmp_path / "a.html").stat().st_size
    write_grid(DEPTH, tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert estimate(DEPTH, GridOptions(images=2)) < size
    assert estimate(DEPTH, GridOptions(pictures="half")) < size


def test_a_grid_at_work_gives_what_is_there(depth):
    (depth / names.RESULT).unlink()
    for k in range(20):
        (depth / str(k) / names.RESULT).unlink()
    store.write_failed(depth / "0", 1)
    (depth / "0" / names.PICTURES).unlink()
    (depth / "1" / names.PICTURES).write_bytes(b"damaged")
    (depth / "1" / names.HISTORY).unlink()
    page = text(depth)
    assert "24 models, of which 5 are trained to the end" in page
    choose, models = head_of(page, "choose"), head_of(page, "models")
    assert [member["pictured"] for member in choose["board"]["members"]] == [False] * 2 + [True] * 22
    assert [row["note"] for row in models["rows"][:3]] == [
        "diverged in epoch 1", "0 epochs so far", "40 epochs so far",
    ]  # fmt: skip


def test_without_probe_images_they_are_made_from_the_data_set(depth):
    whole = head_of(text(depth), "choose")["board"]
    (depth / names.PROBE).unlink()
    made = head_of(text(depth), "choose")["board"]
    assert made["labels"] == whole["labels"]
    assert made["pca"].keys() == whole["pca"].keys() == {"12"}


def test_a_grid_of_which_nothing_is_trained_gives_a_sentence(tmp_path):
    path = store.create_grid(Grid(Config(), {"model.latent_size": (2, 4)}), "new", tmp_path)
    with pytest.raises(StoreError, match="no model of new has pictures yet: there is nothing to show"):
        write_grid(path, tmp_path / "new.html")
    with pytest.raises(StoreError):
        write_grid(tmp_path / "nowhere", tmp_path / "new.html")
    assert not (tmp_path / "new.html").exists()


def test_pictures_of_two_sizes_give_a_sentence(depth):
    store.write_probe(depth, store.Probe(np.zeros((10, 1, 9, 9), np.uint8), np.zeros(10, np.int64), {}))
    with pytest.raises(StoreError, match="not of one size"):
        text(depth)


def test_a_name_stays_text(depth):
    store.rename_grid(depth, NAME)
    page = text(depth)
    assert "<script>alert" not in page
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt; &amp; {title}</h1>" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"images": 0}, "the number of images is a whole number from 1 to 100, not 0"),
        ({"images": 2.5}, "not 2.5"),
        ({"pictures": "tiny"}, "pictures are full or half size, not 'tiny'"),
    ],
)
def test_what_is_not_allowed_is_said(values, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        GridOptions(**values)


def test_decoders_come_along_when_asked_for_and_as_far_as_there_is_room(monkeypatch):
    info, codes = store.read_grid(DEPTH), store.read_all_pictures(store.read_grid(DEPTH)).codes
    sliders = grid.unit_sliders(info)
    for k, own in enumerate(sliders):
        assert own["decoder"]["key"] == decoder_data(store.load_run(info.member_path(k)))["key"]
        low, high = (np.array([unit[end] for unit in own["units"]]) for end in ("low", "high"))
        assert (low <= codes[k]).all()
        assert (codes[k] <= high).all()
    assert head_of(text(DEPTH), "card")["sliders"] == [None] * 24
    # The proposed one first, then the smallest: those with one hidden layer.
    room = len(sliders[23]["decoder"]["weights"].bytes()) + len(sliders[0]["decoder"]["weights"].bytes())
    monkeypatch.setattr(grid, "LARGEST_SLIDERS", room)
    kept = [k for k, own in enumerate(grid.unit_sliders(info, 23)) if own is not None]
    assert kept == [0, 23]


def test_the_card_says_what_does_something():
    info = store.read_grid(SHIPPED / "grid-mnist-post-a1afba6a")
    lines = dict(card_data(info, info.rows())["lines"])
    assert "Weight of the KL term (beta)" not in lines
    assert lines["Data set"] == "mnist"
    k = info.grid.index[2]  # two units, L1 at .001
    assert lines["Strength of L1"][k] == "0.001"
    assert lines["Strength of L1"][info.grid.index[0]] == ""
    score = info.rows()[k].result.test
    assert lines["Squared error per test image"][k] == (
        f"{score.squared_error:.2f} (PCA with 2: {score.pca_squared_error:.2f})"
    )
