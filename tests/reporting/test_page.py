import math
import re

from markupsafe import Markup
from matplotlib.figure import Figure

from kigezi.reporting.page import (
    Section,
    as_jpeg,
    as_svg,
    p_value,
    percent,
    render_page,
    render_section,
)


def _figure() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    return figure


def test_figures_are_pictures_of_the_page() -> None:
    image = as_svg(_figure(), 'a "curve" <1>')
    assert image.startswith('<img src="data:image/svg+xml;base64,')
    assert image.endswith('alt="a &#34;curve&#34; &lt;1&gt;">')
    assert image == as_svg(_figure(), 'a "curve" <1>')
    assert as_jpeg(b"jpeg", "").startswith('<img src="data:image/jpeg;base64,anBlZw==')


def test_numbers_in_words() -> None:
    assert (percent(0.1234), percent(math.nan)) == ("12.3", "")
    assert [p_value(p) for p in (0.0301, 0.0002, math.nan)] == ["0.030", "< 0.001", ""]


def test_nothing_of_a_user_is_taken_for_html() -> None:
    section = render_section(
        "origin",
        "Origin",
        command="kedro run --params=<b>",
        facts={"<i>": "&"},
        parameters="<script>",
    )
    assert "&lt;b&gt;" in section.body
    assert "<script>" not in section.body
    assert "<i>" not in section.body


def test_the_page_refers_to_nothing_outside_itself() -> None:
    sections = [Section("One", Markup("<p>first</p>")), Section("Two", Markup(""))]
    page = render_page("Which & how", sections)
    assert "<title>Which &amp; how</title>" in page
    assert '<a href="#part-2">Two</a>' in page
    assert "<p>first</p>" in page
    assert not re.search(r'(src|href)="(?!#|data:)|url\(|@import', page)
