"""A run out of one server's Export and into another's Import, in a real browser."""

import shutil

from aecore import store
from pages.shared.exporting import KINDS
from tests.browser.tools import ROOT, assert_no_exception, goto

RUN = "digits-post-12-s0-f3512007"


def test_a_run_is_exported_and_imported_again(start_server, browser_page, tmp_path):
    from playwright.sync_api import expect

    server = start_server()
    shutil.copytree(ROOT / "checkpoints" / RUN, server.checkpoints / RUN)
    # The first deep link after a start of the server shows Streamlit's notice that there is no such page.
    goto(browser_page, server)
    goto(browser_page, server, "runs")
    browser_page.get_by_role("button", name="Export").click()
    dialog = browser_page.get_by_role("dialog")
    # The last line is that of the whole folder, once all are drawn.
    buttons = dialog.get_by_role("button", name="Make")
    expect(buttons).to_have_count(len(KINDS))
    buttons.last.click()
    save = dialog.get_by_role("button", name="Save")
    save.wait_for()
    with browser_page.expect_download() as saved:
        save.click()
    saved.value.save_as(tmp_path / saved.value.suggested_filename)
    assert saved.value.suggested_filename == f"{RUN}.zip"
    browser_page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    browser_page.get_by_role("button", name="Import").click()
    browser_page.locator("input[type=file]").set_input_files(tmp_path / f"{RUN}.zip")
    browser_page.get_by_role("button", name="Import it").click()
    browser_page.get_by_text(f"Imported as {RUN}-2").wait_for()
    assert_no_exception(browser_page)
    first, second = (store.load_run(server.checkpoints / name) for name in (RUN, f"{RUN}-2"))
    assert first.config == second.config
    assert all((second.model.state_dict()[n] == t).all() for n, t in first.model.state_dict().items())
