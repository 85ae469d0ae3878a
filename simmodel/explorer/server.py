"""The server that shows the explorer's page to this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Final

import numba
import uvicorn
from fastapi import FastAPI, Request
from nicegui import ui
from nicegui.client import Client
from nicegui.translations import translations
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ..errors import SimmodelError
from ..report.inline import font
from ..texts import LANGUAGES, Language, say, templates, text
from .explorer import Explorer
from .page import FONT_PATH, Page, ServerContext
from .state import State, state_of

HOST: Final = "127.0.0.1"
PORTS: Final = (0, 65535)
# Sections of the texts from which the page speaks.
SECTIONS: Final = (
    "explorer",
    "report",
    "levers",
    "indicators",
    "quantities",
    "charts",
    "judging",
    "probability",
    "faults",
)


def listen(port: int) -> socket.socket:
    """Take a port of this machine that nobody else can reach.

    Parameters
    ----------
    port : int
        0 for any that is free.

    Raises
    ------
    SimmodelError
        If there is no such port, or if it cannot be had.
    """
    low, high = PORTS
    if not low <= port <= high:
        raise SimmodelError(say("explorer.port_out_of_range", found=port, low=low, high=high))
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen()
    except OSError as error:
        found.close()
        reason = error.strerror or str(error)
        raise SimmodelError(say("explorer.port_not_free", port=port, reason=reason)) from None
    return found


def serve(
    explorer: Explorer,
    listening: socket.socket,
    out: Path,
    language: Language,
    region: str,
    *,
    options: Sequence[str] = (),
    show: bool = True,
    tell: Callable[[str], None] = print,
    warn: Callable[[str], None] = print,
) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    explorer : Explorer
    listening : socket
        As `listen` returns it.
    out : pathlib.Path
        Where scenarios are saved.
    language : {"zh", "en"}
    region : str
        Shown first.
    options : sequence of str
        What a run of a saved scenario needs beside the file, such as the folder of the seeds.
    show : bool
        Open a browser.
    tell, warn : callable
        Called with the address; and with how it ends, and what to do where no browser opens.
    """
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    first = State(region, language)
    with ThreadPoolExecutor(max_workers=1, initializer=leave_room) as threads:
        context = ServerContext(explorer, out, address, language, region, tuple(options), threads)
        # The first look takes longest; it is over before there is anybody to look.
        threads.submit(explorer.results, first).result()
        server = uvicorn.Server(
            uvicorn.Config(
                application(context),
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
                ws_per_message_deflate=False,  # to pack what stays on the machine only takes time
            )
        )
        link = f"{address}/?{first.query()}"
        tell(link)
        warn(" / ".join(text("explorer.stop", language) for language in LANGUAGES))
        if show:
            # The language of the terminal is that of this thread alone.
            unopened = say("explorer.no_browser", address=link)
            threading.Thread(target=_open, args=(link, unopened, warn), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):  # stopping it is how it ends
            server.run(sockets=[listening])


def leave_room() -> None:
    """Leave a processor to the browser that draws what is computed here."""
    numba.set_num_threads(max(1, numba.get_num_threads() - 1))


def _open(link: str, unopened: str, warn: Callable[[str], None]) -> None:
    if not webbrowser.open(link):
        warn(unopened)


def application(context: ServerContext) -> FastAPI:
    """The server's application: one page, and its font."""
    app = FastAPI(openapi_url=None)
    # A page elsewhere whose name is made to lead here gets no answer.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    app.add_middleware(_OwnPagesOnly)
    drawn = context.threads.submit(page_font, context.explorer)

    @app.get(FONT_PATH)
    async def _font() -> Response:
        return Response(await asyncio.wrap_future(drawn), media_type="font/woff")

    @ui.page("/", response_timeout=120.0)
    async def _page(request: Request, client: Client) -> None:
        explorer, first = context.explorer, State(context.region, context.language)
        state, problems = state_of(
            request.url.query, first, explorer.regions, explorer.base.horizon
        )
        # The library has one language a page; here it goes with the address.
        client.page = copy.copy(client.page)
        client.page.language = text("explorer.page_language", state.language)  # type: ignore[assignment]
        page = Page(context, state, client)
        await page.build(problems)

    ui.run_with(
        app,
        title="simmodel explore",
        favicon=Path(str(files(__package__).joinpath("explorer.svg"))),
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=30.0,
    )
    return app


class _OwnPagesOnly:
    """No answer for what another page asks, on the socket either, and no place in its frames."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{headers.get('host')}":
            refusal = PlainTextResponse("foreign origin", status_code=403)
            answer = refusal if scope["type"] == "http" else WebSocketClose()
            await answer(scope, receive, send)
            return

        async def unframed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told["Content-Security-Policy"] = "frame-ancestors 'none'"
                told["X-Frame-Options"] = "DENY"
            await send(message)

        await self.app(scope, receive, unframed)


def page_font(explorer: Explorer) -> bytes:
    """The house's font, cut to the characters that the page may show, as a WOFF file."""
    import base64

    names = [region.names for region in explorer.seeds.regions.values()]
    names += [district.names for _, district in explorer.seeds.districts().values()]
    shown = [
        *(
            said
            for section in SECTIONS
            for language in LANGUAGES
            for said in templates(section, language)
        ),
        *(said for name in names for said in (name.en, name.zh)),
        explorer.base.title.en,
        explorer.base.title.zh,
        *translations["zh-CN"].values(),
        "".join(map(chr, range(32, 127))),
        "×−+–—…",
    ]
    packed, _ = font(sorted(set("".join(shown))))
    return base64.b64decode(packed)
