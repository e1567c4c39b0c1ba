"""A headless Chromium for pages: what it complains about, and what axe-core finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PHONE = {"width": 390, "height": 844}  # CSS pixels
DESKTOP = {"width": 1280, "height": 900}
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed Chromium; the test is skipped where there is none."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium; install the package chromium, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str, viewport: dict[str, int]) -> Iterator[tuple[Page, list[str]]]:
    """The page at an address, and a list that its console's errors and failed requests are added to."""
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    try:
        page.goto(address)
        yield page, complaints
    finally:
        context.close()


def overflow(page: Page) -> int:
    """By how many CSS pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def axe_violations(page: Page) -> list[str]:
    """The rules of axe-core (WCAG 2 A and AA, best practices) that the page breaks, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['help']} at {rule['nodes'][0]['target']}" for rule in found]
