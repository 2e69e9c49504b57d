"""Take the picture of the page that the README shows.

After ``make demo``::

    .venv/bin/python docs/screenshot.py demo-run/report.html docs/report.png
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1100, 1945


def take(page: Path, picture: Path, width: int = WIDTH, height: int = HEIGHT, scheme: str = "light") -> None:
    """Save the top of `page`, `width` x `height` pixels, as a PNG file."""
    browser = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    with sync_playwright() as driver:
        # Without a Chromium of the system, the one that `playwright install chromium` has put in its place.
        started = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        context = started.new_context(offline=True, viewport={"width": width, "height": height}, color_scheme=scheme)
        opened = context.new_page()
        opened.goto(page.resolve().as_uri())
        opened.screenshot(path=picture)
        started.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--height", type=int, default=HEIGHT)
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    given = parser.parse_args()
    take(given.page, given.picture, height=given.height, scheme=given.scheme)
