"""Entry point of the dashboard: navigation, filters, banners, then the page. ``app/server.py`` serves it.

Owns what surrounds every page. The pages themselves are files under ``app/views``, one each.
"""

from __future__ import annotations

import logging
import uuid
from pathlib import Path

import streamlit as st

from app.dashboard import absent, banners, carrying, components, filters, frame, links, settling
from app.dashboard.sections import BY_LINK, SECTIONS
from app.questions import builds, queries
from models.errors import NotBuiltError, UserError

_ASSETS = Path(__file__).resolve().parent / "assets"
_SIDEBAR_PIXELS = 230
# What was read, set aside or not understood, and by which rules, matters most where nothing could be measured.
WITHOUT_DATES = {"data-health", "definitions"}
_LOG = logging.getLogger("twotrack.app")


def main() -> None:
    """Show one page with its surroundings."""
    st.set_page_config(page_icon=str(_ASSETS / "icon.svg"), layout="wide", initial_sidebar_state=_SIDEBAR_PIXELS)
    st.logo(str(_ASSETS / f"twotrack-{'dark' if frame.is_dark() else 'light'}.svg"), size="large")
    page = _navigation()
    components.name_tab(page.title)
    carrying.arrive(page.url_path, links.CARRIED)
    space = builds.workspace()
    try:
        try:
            in_use = builds.build_in_use(space)
        except NotBuiltError as error:
            if space.pointer_path.exists():
                # Something was published: whoever lost it is not offered to begin anew.
                raise
            banners.no_build(space, error)
            return
        build = builds.open_build(space, banners.pinned_build(space, in_use) or in_use)
        facts = queries.facts(build)
        banners.show(space, build, facts)
        if facts is None:
            if page.url_path not in WITHOUT_DATES:
                components.page_title(page.title, "", build)
                absent.nothing_dated(build)
                return
            facts = queries.Facts(build.as_of, build.as_of, (), (), ())
        frame.put(frame.Frame(build, facts, filters.ask(facts)))
        page.run()
        settling.after(page.url_path)
    except UserError as error:
        components.error_state(error, _logged(error))
    except Exception as error:  # the page's boundary: a reader gets a sentence and a reference, the log gets the rest
        components.error_state(
            UserError(
                "This page could not be shown because of a fault in Twotrack.",
                kept="your data and the published build are untouched",
                next_step="look up the reference below in the server's log",
            ),
            _logged(error),
        )


def _navigation() -> st.Page:
    pages = {
        section: [
            st.Page(
                f"views/{file}.py", title=title, icon=f":material/{icon}:", url_path=address, default=file == "overview"
            )
            for file, address, title, icon in entries
        ]
        for section, entries in SECTIONS.items()
    }
    hidden = [
        st.Page(f"views/{file}.py", title=title, icon=f":material/{icon}:", url_path=address, visibility="hidden")
        for file, address, title, icon in BY_LINK
    ]
    return st.navigation({**pages, **({"By link": hidden} if hidden else {})}, expanded=True)


def _logged(error: Exception) -> str:
    reference = uuid.uuid4().hex[:10]
    _LOG.error("page failed, reference %s", reference, exc_info=error)
    return reference


main()
