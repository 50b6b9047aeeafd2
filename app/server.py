"""What ``streamlit run`` serves: the dashboard, and with each page where the server is found.

Streamlit's browser side looks for its server at the page's own address first and then above it; on every page but the
first that is two requests that fail, and two errors in the browser's console. The page therefore says where it is.

Pages and their libraries are loaded before the server answers, so that the first page does not wait for them.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import streamlit as st
from starlette.middleware import Middleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = b"<head>"
_SAYS_WHERE = (
    b"<head><script>window.__streamlit={BACKEND_BASE_URL:location.origin+'/',MAIN_PAGE_BASE_URL:location.origin+'/'}"
    b"</script>"
)


class SaysWhere:
    """Adds the server's place to the head of the one HTML page that Streamlit serves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or "_stcore" in scope["path"]
            or "/static/" in scope["path"]
        ):
            await self._app(scope, receive, send)
            return
        # A compressed page could not be changed.
        scope = {**scope, "headers": [h for h in scope["headers"] if h[0] != b"accept-encoding"]}
        start: Message | None = None
        body = b""

        async def changed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            whole = body.replace(_HEAD, _SAYS_WHERE, 1)
            headers = [h for h in start["headers"] if h[0].lower() not in {b"content-length", b"etag"}]
            await send({**start, "headers": [*headers, (b"content-length", str(len(whole)).encode())]})
            await send({**message, "body": whole})

        await self._app(scope, receive, changed)


def _is_html(message: Message) -> bool:
    return any(n.lower() == b"content-type" and v.startswith(b"text/html") for n, v in message["headers"])


@asynccontextmanager
async def _loading(_: st.App) -> AsyncIterator[None]:
    # Here, as Streamlit's runtime runs by now: it keeps the answers of the cached questions that pages define.
    from app.dashboard.settling import load_pages

    load_pages()
    yield


app = st.App("main.py", middleware=[Middleware(SaysWhere)], lifespan=_loading)
