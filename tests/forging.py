"""A visitor without a browser, who sends what they like: Streamlit's own messages over its socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect


class Forger:
    """A connection; `visit` presses and fills widgets by their keys, drawn disabled or not.

    `ids` are those of widgets that were drawn elsewhere, where this server may draw none.
    """

    def __init__(
        self, port: int, cookies: str = "", link: str = "", ids: Iterable[str] = (), patience: float = 120
    ) -> None:
        headers = {"Cookie": cookies} if cookies else {}
        # A login counts for the app's own page alone, which can read this cookie and say it again.
        known = dict(part.split("=", 1) for part in cookies.split("; ") if part)
        own_page = [known["_streamlit_xsrf"].strip('"')] if "_streamlit_xsrf" in known else []
        self.link, self.patience = link, patience
        self.texts: list[str] = []
        """Of everything that the last run of the script has drawn."""
        self.ids: set[str] = set()
        """Of all widgets that were drawn so far."""
        self._elsewhere = ids
        self._socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=["streamlit", *own_page],  # type: ignore[list-item]
            origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
            additional_headers=headers,
            max_size=None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def visit(self, page: str, press: str = "", typed: Mapping[str, str] | None = None) -> None:
        """Runs a page's script, with the button of that key pressed and text in fields by their keys, and
        waits for its end."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = self.link
        for key, text in (typed or {}).items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.string_value = self.id_of(key), text
        if press:
            state = message.rerun_script.widget_states.widgets.add()
            state.id = self.id_of(press)
            state.trigger_value = True
        self._socket.send(message.SerializeToString())
        self.texts = []
        while True:
            answer = ForwardMsg()
            data = self._socket.recv(timeout=self.patience)
            answer.ParseFromString(data if isinstance(data, bytes) else data.encode())
            _collect(answer, self.texts, self.ids)
            kind = answer.WhichOneof("type")
            if kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return

    def id_of(self, key: str) -> str:
        """The id of the widget with a key; KeyError where none was drawn."""
        found = [name for ids in (self.ids, self._elsewhere) for name in ids if name.endswith(f"-{key}")]
        if not found:
            raise KeyError(f"{key} is none of {sorted(self.ids)}")
        return found[0]


def _collect(message: Message, texts: list[str], ids: set[str]) -> None:
    """All texts in a message, and what is called an id."""
    for field, value in message.ListFields():
        many = list(value) if field.is_repeated and not hasattr(value, "items") else [value]
        for one in many:
            if isinstance(one, Message):
                _collect(one, texts, ids)
            elif isinstance(one, str):
                texts.append(one)
                if field.name in ("id", "form_id") and one.startswith("$$"):
                    ids.add(one)
