import re

import matplotlib as mpl
import numpy as np
import pytest

from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    Key,
    canvas,
    dots,
    to_svg,
)


def draw(name: str = "a", label: str = "x < y & $z$") -> str:
    with canvas(name, 200) as (figure, (axes,)):
        axes.plot([0, 1], [0, 1], color=FRONT)
        dots(axes, np.array([0.25, 0.5]), np.array([0.5, 0.25]))
        axes.set_xlabel(label)
        return to_svg(figure, 'two dots "and" a line')


def test_a_figure_needs_no_name_space_and_no_address() -> None:
    svg = draw()
    assert svg.startswith('<svg viewBox="0 0 400 200" role="img" ')
    assert "http" not in svg
    assert "xmlns" not in svg


def test_a_figure_describes_in_words_what_it_shows() -> None:
    assert 'aria-label="two dots &quot;and&quot; a line"' in draw()


def test_text_stays_text_and_is_escaped() -> None:
    assert ">x &lt; y &amp; $z$</text>" in draw()


def test_colors_and_fonts_are_left_to_the_page() -> None:
    svg = draw()
    assert "stroke:var(--front)" in svg
    assert "stroke:var(--dots)" in svg
    assert "font-family" not in svg
    assert re.findall(r"#[0-9a-f]{6}", svg) == []


def test_what_refers_to_each_other_is_named_after_the_figure() -> None:
    svg = draw("a")
    defined = set(re.findall(r' id="([^"]+)"', svg))
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', svg))
    assert used <= defined
    assert defined.isdisjoint(re.findall(r' id="([^"]+)"', draw("b")))


def test_the_same_data_make_the_same_bytes() -> None:
    assert draw() == draw()


def test_a_users_settings_of_matplotlib_do_not_matter() -> None:
    plain = draw()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert draw() == plain
        assert mpl.rcParams["font.size"] == 30


def test_dots_are_lines_of_no_length_in_one_path() -> None:
    svg = draw()
    (path,) = re.findall(r'<path[^>]*d="([^"]*)"[^>]*--dots', svg)
    points = re.findall(r"M ([\d.]+ [\d.]+) L ([\d.]+ [\d.]+)", path)
    assert len(points) == 2
    assert all(start == end for start, end in points)
    assert "stroke-linecap:round" in svg


def test_numbers_have_two_decimals_at_most() -> None:
    svg = draw(label="in 1.2345 parts")
    assert re.findall(r"\d\.\d{3,}", svg) == ["1.2345"]


@pytest.mark.parametrize(("color", "name"), [(DOTS, "dots"), (FRONT, "front")])
def test_a_key_knows_its_variable(color: str, name: str) -> None:
    assert Key("●", color, "x").variable == name
