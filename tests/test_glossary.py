"""The words: in order, told once, found in sentences, and the same in the documentation."""

import re

from aecore import glossary, presets
from tests.conftest import ROOT

NAMES = [word.name for word in glossary.WORDS]


def test_there_are_thirty_words_in_order_each_once():
    assert len(NAMES) >= 30
    assert sorted(NAMES, key=str.lower) == NAMES
    assert len({name.lower() for name in NAMES}) == len(NAMES)
    for word in glossary.WORDS:
        assert word.meaning.endswith(".")
        assert word.meaning[0].isupper()
        assert "\n" not in word.meaning
    asked = {"code", "unit", "latent", "squared error", "PSNR", "active unit", "Hoyer", "trustworthiness"}
    assert asked | {"elbow", "Pareto front"} <= set(NAMES)


def test_a_sentences_words_come_in_its_order_and_whole():
    def found(text):
        return [word.name for word in glossary.words_in(text)]

    assert found("Units of the code, and their errors.") == ["unit", "code"]
    assert found("Decoded by the decoder; unity; l1; encodes") == ["decoder"]
    assert found("The ELBO and L1 of epochs.") == ["ELBO", "L1", "epoch"]
    assert glossary.help_for("Nothing here.") is None
    assert glossary.help_for("The Pareto front.").startswith("**Pareto front**: The models that no other")


def test_the_documentation_has_the_same_words():
    assert (ROOT / "docs" / "words.md").read_text(encoding="utf-8") == glossary.document()


def test_the_post_is_introduced_once_by_its_title_wherever_one_may_meet_it_first():
    told = [
        (ROOT / "README.md").read_text(encoding="utf-8"),
        presets.DESCRIPTIONS["post"],
        *glossary.document().split("\n- "),
    ]
    assert [glossary.POST in text for text in told].count(True) == 3
    assert not any(re.search(rf"\[[^]]*{re.escape(glossary.POST)}[^]]*\]\(", text) for text in told)
