"""The file of a run: what is in it, how large it is, and that nothing in it is read as anything but text."""

import base64
import gzip
import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from aecore import store
from aecore.data import some_of
from aecore.export.explorer import Options, estimate, measure, theme, write, write_run
from aecore.export.explorer.material import collect
from aecore.export.explorer.packing import packed
from aecore.export.explorer.page import Section, page_text
from aecore.export.explorer.run import SAMPLE, text
from aecore.web.arrays import encoded
from aecore.web.decoder import payload
from tests.conftest import ROOT
from tests.export.explorer import KINDS, kind

DIGITS = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&{title}"


@pytest.fixture(scope="module")
def digits():
    return collect(DIGITS)


def unpacked(packed_text):
    """What `packed` was given, with arrays as bytes; written anew from its description."""
    content = gzip.decompress(base64.b64decode(packed_text))
    length = int.from_bytes(content[:4], "little")
    body = content[4 + length :]

    def back(value):
        if set(value) != {"$bytes"}:
            return value
        start, size, item = value["$bytes"]
        return np.frombuffer(body[start : start + size], np.uint8).reshape(item, -1).T.tobytes()

    return json.loads(content[4 : 4 + length], object_hook=back)


def data_of(page, section):
    return unpacked(re.search(rf'id="data-{section}">([^<]*)<', page)[1])


class Tags(HTMLParser):
    """The elements of a page and its text outside scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.attributes = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_packed_arrays_come_back_byte_for_byte():
    arrays = [
        np.arange(7, dtype="<u2"),
        np.linspace(-1, 1, 5, dtype="<f4"),
        np.zeros(0, "<f4"),
        np.uint8([1, 2]),
    ]
    data = {"deep": [{"a": encoded(array)} for array in arrays], "text": "<b>", "none": None}
    found = unpacked(packed(data))
    assert [one["a"] for one in found["deep"]] == [array.tobytes() for array in arrays]
    assert (found["text"], found["none"]) == ("<b>", None)
    with pytest.raises(ValueError):
        packed({"not a number": float("nan")})


def test_every_section_has_its_heading_its_link_and_its_data(digits):
    page = text(digits, Options())
    ids = re.findall(r'<section id="([a-z-]+)" aria-labelledby="\1-title"', page)
    assert ids == ["reconstructions", "codes", "units", "interpolation", "drawing", "run"]
    for name in ids:
        assert f'<a href="#{name}">' in page
        assert f'<h2 id="{name}-title">' in page
        data_of(page, name)
    assert page.count("<h1>") == 1


def test_a_script_stands_in_the_file_once_and_imports_what_is_there(digits):
    page = text(digits, Options(points=10))
    imports = json.loads(re.search(r'<script type="importmap">(.*?)</script>', page)[1])["imports"]
    texts = {name: base64.b64decode(url.split(",")[1]).decode() for name, url in imports.items()}
    assert len(set(imports.values())) == len(imports)
    for script in texts.values():
        assert set(re.findall(r'from "([^"]+)"', script)) <= set(texts)
    for component in ("code_map/map", "decoder/sliders", "decoder/scrubber", "picker/draw"):
        # The app's own, to the letter, but for what imports are called.
        assert f"{component}.js" in texts
        assert (ROOT / "aecore" / "web" / f"{component}.css").read_text() in page


def test_nothing_in_the_file_asks_for_anything(digits):
    page = text(digits, Options(points=10))
    assert "default-src 'none'" in page
    for name, value in Tags(page).attributes:
        if name in ("src", "href", "srcset", "action"):
            assert value.startswith(("data:", "#"))


def test_what_the_run_is_called_stays_text(digits):
    plain = replace(digits, run=replace(digits.run, name="A run"))
    hostile = replace(digits, run=replace(digits.run, name=HOSTILE))
    tags = Tags(text(hostile, Options(points=10)))
    assert tags.tags == Tags(text(plain, Options(points=10))).tags
    assert HOSTILE in tags.text
    line = dict(data_of(text(hostile, Options(points=10)), "run")["lines"])
    assert line["Name"] == HOSTILE


def test_the_same_run_gives_the_same_bytes(digits, tmp_path):
    sizes = [write(digits, tmp_path / name, Options()) for name in ("a", "b")]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sizes[0] == (tmp_path / "a").stat().st_size
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("a", "b")] == []


def test_the_size_is_known_before(digits):
    sizes = measure(digits)
    for options in (Options(360), Options(360, "half"), Options(SAMPLE // 4)):
        assert sizes.about(options) == len(text(digits, options).encode())
    for points in (10, 200):
        size = len(text(digits, Options(points)).encode())
        assert estimate(digits, Options(points)) == pytest.approx(size, rel=0.03)
    few = kind("plain")  # with fewer images than a file is measured on
    assert estimate(few, Options()) == len(text(few, Options()).encode())
    assert (
        estimate(digits, Options(100, "half"))
        < estimate(digits, Options(100))
        < estimate(digits, Options(300))
    )


@pytest.mark.mnist
def test_the_posts_run_with_all_its_points_is_below_three_megabytes(tmp_path):
    material = collect(ROOT / "checkpoints" / "mnist-post-12-s0-0af53747")
    options = Options(points=10_000)
    assert len(material.codes) == 10_000 > SAMPLE
    size = write(material, tmp_path / "run.html", options)
    assert 2_000_000 < size < 3_000_000
    assert estimate(material, options) == pytest.approx(size, rel=0.03)


def test_figures_and_codes_are_the_runs_own(digits):
    page = text(digits, Options())
    shared = data_of(page, "shared")
    codes = np.frombuffer(shared["images"]["codes"], "<f4").reshape(-1, 12)
    assert np.array_equal(codes, digits.codes.numpy()[shared["images"]["numbers"]])
    points = shared["points"]
    low, high = (np.frombuffer(points[name], "<f4") for name in ("low", "high"))
    steps = np.frombuffer(points["values"], np.uint8).reshape(12, -1).T
    values = low + steps / 255 * (high - low)
    assert np.abs(values - digits.codes.numpy()[:, points["units"]]).max() <= (high - low).max() / 500
    errors = np.frombuffer(points["errors"], "<f4")
    assert np.abs(errors / digits.errors - 1).max() < 2**-11
    weights = np.frombuffer(shared["decoder"]["weights"], "<f4")
    assert np.array_equal(weights[:12], digits.run.model.decoder[0].weight.numpy().ravel()[:12])
    worst = data_of(page, "reconstructions")["orders"]["worst"]
    assert worst["errors"][0] == pytest.approx(digits.errors.max(), abs=0.01)


@pytest.mark.parametrize("name", KINDS)
def test_runs_of_every_kind_have_a_file(name):
    material = kind(name)
    page = text(material, Options())
    shared = data_of(page, "shared")
    assert shared["points"]["map"]["sets"][0]["n"] == 20
    assert (shared["points"]["plane"] is None) == (name == "one unit")
    assert bool(shared["images"]["names"]) == (name not in ("no classes", "convolutions", "large"))
    assert ('id="drawing"' in page) == (material.run.shape[0] == 1)
    assert shared["decoder"] is not None
    # Large pictures are fewer, and smaller where they need not be whole.
    orders = data_of(page, "reconstructions")["orders"].values()
    assert sum(len(one[kind]) for one in orders for kind in ("originals", "rebuilt", "pca")) < 400_000
    assert len(shared["images"]["pixels"]) < 200_000


def test_a_run_too_large_for_the_browser_has_a_file_without_its_network(monkeypatch):
    monkeypatch.setattr(payload, "LARGEST", 100)
    material = kind("plain")
    page = text(material, Options())
    assert data_of(page, "shared")["decoder"] is None
    assert "There is no path in this file: this decoder has" in page
    assert data_of(page, "shared")["points"]["map"]["sets"][0]["n"] == 20


def test_codes_that_all_coincide_have_a_file_without_distances():
    material = replace(kind("plain"), reference=None, band=(0.0, float("inf")))
    shared = data_of(text(material, Options()), "shared")
    assert (shared["reference"], shared["band"], shared["legend"]) == (None, None, "")


def test_a_file_of_fewer_points_holds_those_that_the_map_of_the_app_shows(digits):
    points = data_of(text(digits, Options(points=50)), "shared")["points"]
    numbers = np.frombuffer(points["map"]["sets"][0]["numbers"], "<i4")
    assert np.array_equal(numbers, some_of(len(digits.codes), 50))


def test_bad_options_and_sections_are_refused_in_a_sentence():
    for wrong in (0, 9, 2.5, True):
        with pytest.raises(ValueError, match="number of points is a whole number from 10 on"):
            Options(points=wrong)
    with pytest.raises(ValueError, match="full or half"):
        Options(pictures="tiny")
    with pytest.raises(ValueError, match="small letters"):
        Section("Not This", "title", "explorer/card.js")


def test_a_folder_without_a_run_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(store.StoreError):
        write_run(tmp_path, tmp_path / "run.html", Options())
    assert list(tmp_path.iterdir()) == []


def test_progress_rises_to_one_and_can_end_the_work(tmp_path):
    seen = []
    write_run(DIGITS, tmp_path / "run.html", Options(points=10), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 5

    def stop(share):
        if share > 0.6:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_run(DIGITS, tmp_path / "none.html", Options(points=10), stop)
    assert not (tmp_path / "none.html").exists()


def test_a_page_shows_titles_and_sentences_as_text():
    page = page_text(HOSTILE, [Section("one", HOSTILE, "explorer/card.js", intro=HOSTILE)], about=HOSTILE)
    found = Tags(page)
    assert "img" not in found.tags
    assert found.text.count(HOSTILE) == 6


def test_the_colours_are_the_apps():
    wanted = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for colours, name in ((theme.LIGHT, "light"), (theme.DARK, "dark")):
        for key, value in wanted[name].items():
            if isinstance(value, str):
                variable = re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", key)
                assert colours[variable] == value
    assert theme.SHARED["base-radius"] == wanted["baseRadius"]
    used = set()
    for path in (ROOT / "aecore" / "web").rglob("*.css"):
        used |= set(re.findall(r"--st-([a-z-]+)", path.read_text()))
    assert used <= theme.LIGHT.keys() | theme.SHARED.keys()
