"""The page in a real browser: no console message, no request, every figure drawn; two screens, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spikewright.toolchain.reporting import report

pytestmark = pytest.mark.browser

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENS = {"desktop": (1280, 900), "phone": (375, 800)}


@pytest.fixture(scope="module")
def chromium(browser: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=browser, args=[*QUIET])
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(demo_sized: tuple, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    report(*demo_sized, title="a network", data="random").save(path)
    return path


@pytest.fixture(params=[(screen, scheme) for screen in SCREENS for scheme in ("light", "dark")], ids="-".join)
def opened(request: pytest.FixtureRequest, chromium: Any, file: Path) -> Iterator[tuple[Any, list[str], str]]:
    """The opened page, what it complained of or asked for, and the colour scheme."""
    screen, scheme = request.param
    width, height = SCREENS[screen]
    context = chromium.new_context(offline=True, viewport={"width": width, "height": height}, color_scheme=scheme)
    page, noise = context.new_page(), []
    page.on("console", lambda message: noise.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: noise.append(f"error: {error}"))
    page.on("request", lambda asked: noise.append(f"request: {asked.url[:100]}"))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    yield page, noise, scheme
    context.close()


def test_it_is_quiet_and_asks_for_nothing_but_itself(opened: tuple, file: Path) -> None:
    assert opened[1] == [f"request: {file.as_uri()[:100]}"]


def test_every_figure_is_drawn(opened: tuple) -> None:
    page = opened[0]
    figures = page.locator("figure svg")
    assert figures.count() == 8
    for number in range(figures.count()):
        figure = figures.nth(number)
        box = figure.bounding_box()
        assert box["width"] > 200 and box["height"] > 50
        assert figure.locator("path").count() > 2 and figure.locator("text").count() > 2
        drawn = figure.evaluate("svg => [...svg.querySelectorAll('path')].some(p => p.getBBox().width > 5)")
        assert drawn


def test_verdict_is_readable(opened: tuple, demo_sized: tuple) -> None:
    page, _, scheme = opened
    for sentence in report(*demo_sized).content["verdict"]:
        assert page.get_by_text(sentence["text"], exact=True).first.is_visible()
    paper, ink = (_brightness(page, property) for property in ("backgroundColor", "color"))
    assert (paper - ink > 150) if scheme == "light" else (ink - paper > 150)


def test_text_in_figures_stands_out_from_the_paper(opened: tuple) -> None:
    page = opened[0]
    paper = _brightness(page, "backgroundColor")
    colours = page.evaluate(
        "[...new Set([...document.querySelectorAll('figure svg text')].map(t => getComputedStyle(t).fill))]"
    )
    assert colours and all(abs(_grey(colour) - paper) > 80 for colour in colours)


def test_the_page_never_scrolls_sideways(opened: tuple) -> None:
    assert opened[0].evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def _brightness(page: Any, name: str) -> float:
    return _grey(page.evaluate(f"getComputedStyle(document.body).{name}"))


def _grey(colour: str) -> float:
    return sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) / 3
