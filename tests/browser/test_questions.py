"""Every question in a real browser: its picture is drawn, and its link opens what it promises, offline."""

from urllib.parse import parse_qs, urlsplit

import pytest

from aecore import store
from aecore.analysis import selection
from aecore.data import DATASETS
from aecore.gallery import experiments, shipped
from pages.understand.questions.entries import QUESTIONS
from pages.understand.questions.links import Models, NewGrid, TrainWith, Visit
from tests.browser.tools import assert_no_exception, goto, set_slider, wait_idle

BUTTON = ".st-key-questions_link button"
PICTURE = ".st-key-questions_picture"
DRAWN = ", ".join(
    f"{PICTURE} {kind}" for kind in ("canvas", "[data-rows] img", "img", ".vega-embed", ".chart svg")
)

SEEN = {
    "auto-encoder": ".walk > canvas",
    "encoder-and-decoder": ".st-key-interpolation_view",
    "regularize-what": ".st-key-sparsity_view [aria-checked=true]:has-text('Weights')",
    "l1-or-l2": ".st-key-sparsity_view [aria-checked=true]:has-text('Code')",
    "metrics": "text=Further figures, all test images",
    "dimensionality-reduction": "text=Trustworthiness",
    "denoising": "img[alt*='test images, as they are']",
    "features": "text=Measure these features",
    "generation": "img[alt^='24 samples, mixture of ten']",
}
"""What must be on the page that a link visits."""


@pytest.fixture(scope="module")
def been_home(server, browser):
    """Streamlit shows a notice of a missing page at a server's very first deep link, and only there."""
    page = browser.new_page()
    goto(page, server)
    page.close()


@pytest.fixture
def visitor(server, browser_page, been_home):
    """A page that fails its test for an error in it or a request beyond the server."""
    errors, beyond = [], []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))

    def note(request):
        if not request.url.startswith((server.url, "data:", "blob:")):
            beyond.append(request.url)

    browser_page.on("request", note)
    yield browser_page
    assert errors == []
    assert beyond == []


def query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def arrive(page, path):
    page.wait_for_url(lambda url: urlsplit(url).path == path)
    wait_idle(page)


def sees_visit(page, question):
    link = question.link
    arrive(page, "/" + ("" if link.page == "pages/home/page.py" else link.page.split("/")[-2]))
    page.locator(SEEN[question.key]).first.wait_for()
    found = query(page)
    assert found["run"]
    # A bound widget leaves its default out of the URL; the selector above then saw it chosen.
    assert all(found.get(name, value) == value for name, value in link.query.items())


def sees_models(page, question, server):
    link = question.link
    arrive(page, "/choose")
    page.locator(".board canvas").first.wait_for()
    page.wait_for_url(lambda url: "at=" in url)
    info = store.read_grid(server.checkpoints / query(page)["grid"])
    assert info.grid == link.grid
    k = selection.member_at(info.grid, [int(part) for part in query(page)["at"].split("-")])
    position = info.grid.position_of(k)
    assert {name: position[name] for name in link.at} == dict(link.at)
    assert info.name in chosen(page, "choose_grid")


def chosen(page, key):
    """What a selectbox shows."""
    box = page.locator(f".st-key-{key}")
    return f"{box.inner_text()} {box.locator('input').first.input_value()}"


def sees_settings(page, config, form):
    page.locator(f".st-key-{form}_train_epochs input").wait_for()
    assert page.locator(f".st-key-{form}_train_epochs input").input_value() == str(config.train.epochs)


def sees_training(page, question):
    config = question.link.config
    arrive(page, "/train")
    sees_settings(page, config, "train")
    hidden = page.locator(".st-key-train_model_hidden input").input_value()
    assert hidden == ", ".join(map(str, config.model.hidden))
    assert DATASETS[config.data.name].title in chosen(page, "train_data_name")


def sees_new_grid(page, question):
    link = question.link
    arrive(page, "/new_grid")
    sees_settings(page, link.base, "new_grid_base")
    (values,) = link.axes.values()
    page.get_by_text(f"{len(values)} positions").first.wait_for()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.key)
def test_its_picture_is_drawn_and_its_link_opens_what_it_promises(server, visitor, question):
    goto(visitor, server, f"questions?question={question.key}", expect=BUTTON)
    visitor.locator(DRAWN).first.wait_for()
    assert_no_exception(visitor)
    assert visitor.get_by_role("button", name=question.link.label).count() == 1
    for source in question.sources:
        assert visitor.locator(f"a[href='{source.url}']").count() == 1
    visitor.locator(BUTTON).click()
    match question.link:
        case Visit():
            sees_visit(visitor, question)
        case Models():
            sees_models(visitor, question, server)
        case TrainWith():
            sees_training(visitor, question)
        case NewGrid():
            sees_new_grid(visitor, question)
    assert_no_exception(visitor)


def test_two_links_to_choose_in_one_session_lead_to_two_grids(server, visitor):
    found = []
    for key in ("layers", "code-size"):
        goto(visitor, server, "")
        visitor.get_by_role("link", name="All questions").click()
        arrive(visitor, "/questions")
        title = next(q.title for q in QUESTIONS if q.key == key)
        visitor.locator(".st-key-questions_list").get_by_role("button", name=title).click()
        visitor.wait_for_function(f"location.search.includes('question={key}')")
        wait_idle(visitor, BUTTON)
        visitor.locator(BUTTON).click()
        arrive(visitor, "/choose")
        visitor.locator(".board canvas").first.wait_for()
        found.append(query(visitor)["grid"])
        visitor.go_back()
    assert found == [experiments.DEPTH.folder, shipped.UNITS.folder]


def test_next_walks_on_and_the_slider_redraws_the_fit(server, visitor):
    goto(visitor, server, "questions?question=layers", expect=BUTTON)
    visitor.get_by_role("button", name="Next", exact=False).first.click()
    visitor.get_by_text("With 8 units it is off").wait_for()
    assert query(visitor)["question"] == "universal-approximation"
    set_slider(visitor, "questions_width", 20)
    visitor.get_by_text("With 20 units it is off").wait_for()
    assert query(visitor)["questions_width"] == "20"


def test_a_phone_shows_the_picture_before_the_list(server, open_page, been_home):
    page = open_page(width=400)
    goto(page, server, "questions?question=layers", expect=BUTTON)
    picture = page.locator(PICTURE).bounding_box()
    assert picture["y"] < page.locator(".st-key-questions_list").bounding_box()["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
