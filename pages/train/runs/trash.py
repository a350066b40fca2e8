"""What was deleted: put back right afterwards, or from the trash, which can be emptied."""

from __future__ import annotations

import time

import streamlit as st

from aecore import access
from aecore.access import RefusedError
from aecore.files import StoreError
from aecore.store import Trashed, trash
from pages.shared import notices, permits, words
from pages.shared.plain import plain
from pages.train.runs import bringing_in

DELETED = "_runs_deleted"  # session key: what was deleted last, which is offered back


def offer_back(trashed: Trashed) -> None:
    """Has the next runs of the script offer to put it back."""
    st.session_state[DELETED] = trashed


def draw_offer() -> None:
    """“Deleted ... Put it back”, until that is done, waved away or the trash is emptied."""
    trashed: Trashed | None = st.session_state.get(DELETED)
    if trashed is None:
        return
    if not trashed.path.is_dir():
        del st.session_state[DELETED]
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted “{plain(trashed.name)}”.", width="content")
        st.button("Put it back", key="runs_undo", icon=":material/undo:", on_click=_put_back, args=(trashed,))
        st.button(
            "Leave it",
            key="runs_undo_no",
            type="tertiary",
            on_click=_wave_away,
            help="It stays in the trash, at the end of this page.",
        )


def draw() -> None:
    """The trash, folded; nothing where it is empty."""
    found = trash.listed()
    if not found:
        return
    with st.expander(title(found), icon=":material/delete:", key="runs_trash"):
        by_name = {trashed.path.name: trashed for trashed in found}
        chosen = st.selectbox(
            "Deleted runs and grids",
            list(by_name),
            format_func=lambda name: _line(by_name[name]),
            key="runs_trash_chosen",
        )
        refused = permits.why_not(by_name[chosen].path)
        options = {"disabled": refused is not None, "help": refused}
        # Of many visitors each empties it of what is theirs.
        mine = [trashed for trashed in found if permits.why_not(trashed.path) is None]
        with st.container(horizontal=True):
            st.button(
                "Put it back",
                key="runs_trash_back",
                icon=":material/undo:",
                on_click=_put_back,
                args=(by_name[chosen],),
                **options,
            )
            if st.button(
                "Delete it for good", key="runs_trash_remove", icon=":material/delete_forever:", **options
            ):
                _confirm([by_name[chosen]])
            if st.button(
                "Empty the trash", key="runs_trash_empty", icon=":material/delete_sweep:", disabled=not mine
            ):
                _confirm(mine)
        permits.draw_why_not(by_name[chosen].path)


def title(found: list[Trashed]) -> str:
    """`Trash: 3 runs, 1 grid, 12.0 MB`."""
    grids = sum(trashed.grid for trashed in found)
    counts = {"run": len(found) - grids, "grid": grids}
    parts = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items() if count]
    return f"Trash: {', '.join(parts)}, {words.size(sum(trashed.bytes for trashed in found))}"


def _line(trashed: Trashed) -> str:
    ago = words.age(time.time() - trashed.deleted)
    kind = "grid, " if trashed.grid else ""
    when = ago if ago == "just now" else f"{ago} ago"
    return f"{trashed.name} ({kind}{words.size(trashed.bytes)}, deleted {when})"


@st.dialog("Delete for good?")
def _confirm(found: list[Trashed]) -> None:
    many = f"All {len(found)}{' of yours' if access.has_guests() else ''} in the trash"
    what = f"**{plain(found[0].name)}**" if len(found) == 1 else many
    st.write(f"{what} will be gone, and {words.size(sum(t.bytes for t in found))} of the disk free.")
    with st.container(horizontal=True):
        yes = {"type": "primary", "on_click": _remove, "args": (found,)}
        if st.button("Delete for good", key="runs_trash_yes", **yes):
            st.rerun()
        if st.button("Keep", key="runs_trash_no"):
            st.rerun()


def _put_back(trashed: Trashed) -> None:
    try:
        path = trash.restore(trashed)
    except (OSError, StoreError, RefusedError) as error:
        notices.say(f"Not put back: {error}.", "error")
        return
    st.session_state.pop(DELETED, None)
    bringing_in.take(path)
    name = "" if path.name == trashed.key else f" as {path.name}, since its folder's name is taken by now"
    notices.say(f"“{trashed.name}” is back{name}.", "undo")


def _remove(found: list[Trashed]) -> None:
    try:
        for trashed in found:
            trash.remove(trashed)
    except (OSError, StoreError, RefusedError) as error:
        st.toast(f"Not deleted: {plain(error)}.", icon=":material/error:")


def _wave_away() -> None:
    st.session_state.pop(DELETED, None)
