"""The words are explained in a dialog that every page's sidebar opens, and beside a page's sentence."""

from tests.pages.conftest import open_page


def test_the_dialog_shows_the_words(tiny_root):
    app = open_page("pages/train/runs/page.py")
    app.button(key="sidebar_words").click().run()
    assert not app.exception
    (text,) = [m.value for m in app.markdown if "**Pareto front**" in m.value]
    assert "**trustworthiness**" in text


def test_a_pages_sentence_has_its_words_at_hand(tiny_root):
    app = open_page("pages/look/codes/page.py")
    assert not app.exception
    assert any((caption.help or "").startswith("**") for caption in app.caption)
