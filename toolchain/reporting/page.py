"""The page: a template filled from the content and its figures; one file without script, network or font."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from . import readable
from .figures.mesh import fullness
from .verdict import crossing, place_of, slots


def render_page(content: dict[str, Any], figures: dict[str, Any]) -> str:
    """Return the HTML page.

    Parameters
    ----------
    content : dict
        Of `build_content`.
    figures : dict of str to Drawing
        Of `draw_figures`.
    """
    # Autoescape: names of populations, files and commands are the user's and may hold anything.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=FunctionLoader(_read)
    )
    environment.filters |= {
        "label": readable.label,
        "number": readable.count,
        "share": readable.share,
        "accuracy": readable.accuracy,
        "energy": readable.energy,
        "duration": readable.duration,
        "significant": readable.significant,
        "place": place_of,
        "slots": slots,
        "fullness": fullness,
        "register": readable.register,
        "kind": readable.kind,
        "form": readable.form,
    }
    return environment.get_template("page.html.j2").render(
        content=content,
        style=Markup(_read("page.css")),  # our own file, no user's text
        figures=figures,
        crossing=None if content["comparison"] is None else crossing(content["comparison"]),
    )


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
