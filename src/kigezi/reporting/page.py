"""HTML from templates, with every picture inside it."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Section:
    """One part of the report."""

    title: str
    body: Markup
    """HTML in which every text of a user is escaped"""


def render_section(template: str, title: str, **values: Any) -> Section:
    """A section from `templates/<template>.html`.

    Args:
        template: Name of the template.
        title: What stands above the section and in the list of contents.
        values: What the template names; figures are drawn into the page.
    """
    page = _environment().get_template(f"{template}.html")
    return Section(title, Markup(page.render(values)))  # noqa: S704 autoescaped


def render_page(title: str, sections: Sequence[Section]) -> str:
    """The whole page, which refers to nothing outside itself."""
    template = _environment().get_template("page.html")
    return template.render(title=title, sections=sections)


def percent(value: float) -> str:
    """A fraction in percent with one digit, or nothing where there is none."""
    return "" if math.isnan(value) else f"{100 * value:.1f}"


def p_value(value: float) -> str:
    """A probability as it is usually written; nothing where there is none."""
    if math.isnan(value):
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def as_svg(figure: Figure, meaning: str) -> Markup:
    """A figure as an image of the page, sharp at any size.

    Args:
        figure: What is drawn; the same bytes each time.
        meaning: What it shows, for those who cannot see it.
    """
    stream = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "kigezi"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return _image("svg+xml", stream.getvalue(), meaning)


def as_jpeg(data: bytes, meaning: str) -> Markup:
    """The bytes of a JPEG as an image of the page."""
    return _image("jpeg", data, meaning)


def _image(kind: str, data: bytes, meaning: str) -> Markup:
    text = base64.b64encode(data).decode("ascii")
    image = '<img src="data:image/{};base64,{}" alt="{}">'
    return Markup(image).format(kind, text, meaning)  # noqa: S704 escapes its values


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kigezi.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "p_value": p_value,
        "svg": as_svg,
        "jpeg": as_jpeg,
    }
    return environment
