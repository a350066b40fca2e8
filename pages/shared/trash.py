"""What was deleted: put back right afterwards, or from the trash, which can be emptied.

Each page has a trash of its own; `page` begins the keys of what is drawn for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st

from aecore import trash
from aecore.access import RefusedError
from aecore.files import StoreError
from aecore.trash import Trashed
from pages.shared import notices, permits, words
from pages.shared.plain import plain

OnBack = Callable[[Path], object] | None
"""Called with the folder that was put back."""


@st.dialog("Move to the trash?")
def confirm_deletion(
    page: str, prefix: str, name: str, holds: str, path: Path, delete: Callable[[], Trashed], after: str = ""
) -> None:
    """Asks whether it is meant, then moves what has this name to the trash by `delete`, and offers it back.

    `prefix` begins the keys, `holds` says what goes along with it, and `after` what else there is to know.
    """
    st.write(f"**{plain(name)}** and {holds} go to the trash, from where they can be put back.")
    if after:
        st.caption(after)
    st.caption(plain(path))
    with st.container(horizontal=True):
        yes = {"type": "primary", "on_click": _delete, "args": (page, name, delete)}
        if st.button("Delete", key=f"{prefix}_delete_yes", **yes):
            st.rerun()
        if st.button("Keep it", key=f"{prefix}_delete_no"):
            st.rerun()


def _delete(page: str, name: str, delete: Callable[[], Trashed]) -> None:
    try:
        gone = delete()
    except (OSError, ValueError, RefusedError) as error:
        st.toast(f"Not deleted: {plain(error)}.", icon=":material/error:")
    else:
        st.session_state[_deleted(page)] = replace(gone, name=name)


def draw_offer(page: str, on_back: OnBack = None) -> None:
    """“Deleted ... Put it back”, until that is done, waved away or the trash is emptied."""
    trashed: Trashed | None = st.session_state.get(_deleted(page))
    if trashed is None:
        return
    if not trashed.path.is_dir():
        del st.session_state[_deleted(page)]
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted “{plain(trashed.name)}”.", width="content")
        st.button(
            "Put it back",
            key=f"{page}_undo",
            icon=":material/undo:",
            on_click=_put_back,
            args=(page, trashed, on_back),
        )
        st.button(
            "Leave it",
            key=f"{page}_undo_no",
            type="tertiary",
            on_click=_wave_away,
            args=(page,),
            help="It stays in the trash, at the end of this page.",
        )


def draw(page: str, found: list[Trashed], label: str, on_back: OnBack = None) -> None:
    """The trash, folded; nothing where it is empty. `label` says what was deleted here."""
    if not found:
        return
    with st.expander(title(found), icon=":material/delete:", key=f"{page}_trash"):
        by_name = {trashed.path.name: trashed for trashed in found}
        chosen = st.selectbox(
            label,
            list(by_name),
            format_func=lambda name: _line(by_name[name]),
            key=f"{page}_trash_chosen",
        )
        refused = permits.why_not(by_name[chosen].path)
        why = {"disabled": refused is not None, "help": refused}
        ours = [trashed for trashed in found if permits.why_not(trashed.path) is None]
        with st.container(horizontal=True):
            st.button(
                "Put it back",
                key=f"{page}_trash_back",
                icon=":material/undo:",
                on_click=_put_back,
                args=(page, by_name[chosen], on_back),
                **why,
            )
            if st.button(
                "Delete it for good", key=f"{page}_trash_remove", icon=":material/delete_forever:", **why
            ):
                _confirm_removal(page, [by_name[chosen]], "")
            if st.button(
                "Empty the trash",
                key=f"{page}_trash_empty",
                icon=":material/delete_sweep:",
                disabled=not ours,
                help=None if ours else refused,
            ):
                _confirm_removal(page, ours, "" if len(ours) == len(found) else " of yours")
        permits.draw_why_not(by_name[chosen].path)


def title(found: list[Trashed]) -> str:
    """`Trash: 3 runs, 1 grid, 12.0 MB`."""
    kinds = [trashed.kind for trashed in found]
    counts = {kind: kinds.count(kind) for kind in ("run", "grid", "set")}
    parts = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items() if count]
    return f"Trash: {', '.join(parts)}, {words.size(sum(trashed.bytes for trashed in found))}"


def _line(trashed: Trashed) -> str:
    ago = words.age(time.time() - trashed.deleted)
    kind = "grid, " if trashed.kind == "grid" else ""
    when = ago if ago == "just now" else f"{ago} ago"
    return f"{trashed.name} ({kind}{words.size(trashed.bytes)}, deleted {when})"


@st.dialog("Delete for good?")
def _confirm_removal(page: str, found: list[Trashed], whose: str) -> None:
    what = f"**{plain(found[0].name)}**" if len(found) == 1 else f"All {len(found)}{whose} in the trash"
    st.write(f"{what} will be gone, and {words.size(sum(t.bytes for t in found))} of the disk free.")
    with st.container(horizontal=True):
        yes = {"type": "primary", "on_click": _remove, "args": (found,)}
        if st.button("Delete for good", key=f"{page}_trash_yes", **yes):
            st.rerun()
        if st.button("Keep", key=f"{page}_trash_no"):
            st.rerun()


def _put_back(page: str, trashed: Trashed, on_back: OnBack) -> None:
    try:
        path = trash.restore(trashed)
    except (OSError, StoreError, RefusedError) as error:
        notices.say(f"Not put back: {error}.", "error")
        return
    _wave_away(page)
    if on_back is not None:
        on_back(path)
    name = "" if path.name == trashed.key else f" as {path.name}, since its folder's name is taken by now"
    notices.say(f"“{trashed.name}” is back{name}.", "undo")


def _remove(found: list[Trashed]) -> None:
    try:
        for trashed in found:
            trash.remove(trashed)
    except (OSError, StoreError, RefusedError) as error:
        st.toast(f"Not deleted: {plain(error)}.", icon=":material/error:")


def _wave_away(page: str) -> None:
    st.session_state.pop(_deleted(page), None)


def _deleted(page: str) -> str:
    """Session key of what was deleted last there, which is offered back."""
    return f"_{page}_deleted"
