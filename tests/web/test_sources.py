"""The files of browser components: scripts that import each other, as text that a browser can run."""

import base64
import re

import numpy as np
import pytest

from aecore.web.arrays import encoded
from aecore.web.sources import FOLDER, script

SCRIPTS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.js"))
ADDRESS = re.compile(r'from "data:text/javascript;base64,([^"]+)"')


def imported(text: str) -> list[str]:
    """The texts of the scripts that a script imports, and of those that these import."""
    found = [base64.b64decode(content).decode() for content in ADDRESS.findall(text)]
    return found + [further for one in found for further in imported(one)]


@pytest.mark.parametrize("path", SCRIPTS)
def test_no_import_is_left_that_a_browser_could_not_follow(path):
    for text in (whole := script(path), *imported(whole)):
        assert not re.search(r'from "\.', text)


def test_what_two_scripts_import_has_one_address():
    sliders, decoder = script("decoder/sliders.js"), script("decoder/decoder.js")
    common = base64.b64encode(script("common.js").encode()).decode()
    assert common in ADDRESS.findall(sliders)
    assert common in ADDRESS.findall(decoder)
    assert decoder in imported(sliders)


def test_arrays_go_as_little_endian_bytes():
    assert base64.b64decode(encoded(np.array([1, 256], dtype=">u2"))) == b"\x01\x00\x00\x01"
