"""What people may not do, as they see it: another's training in a class, and a server that is read-only."""

import re
import shutil

import pytest

from aecore import store
from tests.browser.test_train import START, STOP, train
from tests.browser.tools import ROOT, Server, assert_no_exception, goto, wait_idle, wait_until
from tests.provider import provider
from tests.trees import tree_hash

MAIN = '[data-testid="stMain"]'
RUN = "digits-post-12-s0-f3512007"
A_WHILE = 60
"""Epochs of a training that ends by itself, within the hour that a class allows by its estimate."""
ADAS = re.compile("“.*” belongs to Ada, and only its owner may stop.*; you may look at it.*train the same")
NOBODY = re.compile("This server does not know who is asking, so it changes nothing: log in if you can")
READ_ONLY = re.compile("This server is read-only: .* for that, run the app on a machine of your own")

PRESS_DISABLED = """() => {
  for (const button of document.querySelectorAll("button:disabled")) {
    button.disabled = false;
    button.click();
  }
}"""


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """`serve(mode)` gives a server in that mode, which is not started, with empty folders."""

    def made(mode):
        monkeypatch.setenv("AECORE_MODE", mode)
        (tmp_path / "data").mkdir()
        (tmp_path / "checkpoints").mkdir()
        return Server(tmp_path / "checkpoints", tmp_path / "data", tmp_path / "server.log")

    return made


def log_in(page, server, who):
    goto(page, server, expect=".st-key-sidebar_login button")
    page.locator(".st-key-sidebar_login button").click()
    page.get_by_text(f"Logged in as {who}", exact=True).wait_for()
    wait_idle(page)


def refused(page, keys):
    """Which of the visible buttons with these keys are disabled."""
    return {key: page.locator(f".st-key-{key} button:visible").first.is_disabled() for key in keys}


def test_of_two_who_have_logged_in_only_the_owner_may_stop_a_training(
    serve, open_page, tmp_path, monkeypatch
):
    pytest.importorskip("authlib")
    server, ada, ben = serve("class"), open_page(), open_page()
    with provider() as people:
        (tmp_path / "secrets.toml").write_text(people.secrets_for(server.port))
        monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(tmp_path / "secrets.toml"))
        with server:
            log_in(ada, server, "Ada")
            people.person = "ben"
            log_in(ben, server, "Ben")
            info = train(ada, server, A_WHILE)
            ada.locator(STOP).wait_for()

            # Ben sees it where he is, and what he may do with it.
            ben.locator(".st-key-sidebar_stop button:visible").wait_for()
            assert refused(ben, ["sidebar_stop"]) == {"sidebar_stop": True}
            wait_until(
                "weights",
                lambda: store.read_info(info.path).has_weights,
                ben,
                lambda: store.read_progress(info.path),
            )
            goto(ben, server, f"runs?run={info.key}", ".st-key-runs_delete button:visible")
            ben.locator(MAIN).get_by_text(ADAS).wait_for()
            on_runs = ("runs_stop", "runs_pause", "runs_rename_popover", "runs_delete")
            assert refused(ben, on_runs) == dict.fromkeys(on_runs, True)
            assert not ben.locator(".st-key-runs_duplicate button:visible").is_disabled()

            # Who logs out is nobody, also of what was theirs.
            ada.locator(".st-key-sidebar_logout button:visible").click()
            ada.locator(".st-key-sidebar_login button:visible").wait_for()
            goto(ada, server, "train", STOP)
            ada.locator(MAIN).get_by_text(NOBODY).wait_for()
            assert refused(ada, ["train_start", "train_stop"]) == {"train_start": True, "train_stop": True}
            assert not store.stop_requested(info.path)

            people.person = "ada"
            log_in(ada, server, "Ada")
            ada.locator(".st-key-sidebar_stop button:visible").click()
            wait_until("its end", lambda: store.read_progress(info.path).status == "stopped", ada)
            ben.locator(".st-key-runs_resume button:visible").wait_for()
            assert refused(ben, ["runs_resume", "runs_delete"]) == {"runs_resume": True, "runs_delete": True}
            for page in (ada, ben):
                assert_no_exception(page)
    assert "Traceback" not in server.log.read_text()


def test_where_nothing_may_be_written_pages_say_so_and_nothing_can_be_pressed(serve, open_page, monkeypatch):
    server, page = serve("private"), open_page()
    for name in ("mine", "deleted"):
        shutil.copytree(ROOT / "checkpoints" / RUN, server.checkpoints / name)
    store.delete_run(server.checkpoints / "deleted")
    monkeypatch.setenv("AECORE_MODE", "read-only")
    before = tree_hash(server.checkpoints, server.data)
    with server:
        goto(page, server)
        for path, ready, off, absent in (
            ("train", START, ("train_start",), ("train_download",)),
            ("new_grid", ".st-key-new_grid_start button:visible", ("new_grid_start",), ()),
            (
                "runs?run=mine",
                ".st-key-runs_delete button:visible",
                ("runs_delete", "runs_rename_popover", "runs_import_popover_0"),
                ("runs_import_file_0",),
            ),
            ("own_images", ".st-key-own_what", (), ("own_files", "own_path")),
        ):
            goto(page, server, path, ready)
            said = page.locator(MAIN).get_by_text(READ_ONLY)
            said.first.wait_for()
            assert said.count() == 1, f"{path} says it {said.count()} times"
            assert refused(page, off) == dict.fromkeys(off, True)
            for key in absent:
                assert page.locator(f".st-key-{key}").count() == 0
            if path.startswith("runs"):
                page.locator(".st-key-runs_trash summary").click()
                page.locator(".st-key-runs_trash_back button:visible").wait_for()
                trash = ("runs_trash_back", "runs_trash_remove", "runs_trash_empty")
                assert refused(page, trash) == dict.fromkeys(trash, True)
            # As somebody does who takes the attribute away by the tools of their browser.
            page.evaluate(PRESS_DISABLED)
            wait_idle(page)
            assert_no_exception(page)
    assert tree_hash(server.checkpoints, server.data) == before
    assert "Traceback" not in server.log.read_text()
