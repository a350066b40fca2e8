"""What README and the pages behind it point to is there: files, headings, commands and pictures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from aecore import command_flags
from aecore.__main__ import COMMANDS
from tests.conftest import ROOT

ELSEWHERE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "checkpoints/README.md")
PAGES = [*(ROOT / name for name in ELSEWHERE), *sorted((ROOT / "docs").glob("*.md"))]


def anchors(page: Path) -> set[str]:
    """What a link may name of a page: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures within the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [target for target in found if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_of_it(page):
    for target in links(page):
        file, _, heading = target.partition("#")
        path = page.parent / file if file else page
        assert path.is_file(), target
        assert not heading or heading in anchors(path), target


def test_every_page_of_docs_is_one_link_away_from_readme():
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links(ROOT / "README.md")}
    assert set((ROOT / "docs").glob("*.md")) - linked == set()


def test_every_command_that_is_written_down_is_understood_and_none_is_left_out():
    """Its flags and their values, not what they name: no run and no file is asked for."""
    run = str(ROOT / "checkpoints" / "digits-post-12-s0-f3512007")  # `branch` reads it
    kinds = set()
    for page in PAGES:
        lines = re.findall(r"^python -m aecore (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        for line in lines:
            command = re.split(r" {2,}", line)[0].replace("RUN", run)
            kinds.add(type(command_flags.parse(shlex.split(command))))
    assert COMMANDS.keys() - kinds == {command_flags.App}, "`app` is what opens without a command"


def test_pictures_are_small_and_each_is_shown():
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    pictures = [*(ROOT / "docs").glob("*.webp"), *(ROOT / "docs").glob("*.png")]
    assert set(pictures) - shown == set()
    for path in pictures:
        with Image.open(path) as image:
            most = 2_000_000 if getattr(image, "is_animated", False) else 150_000
        assert path.stat().st_size < most, path.name
