"""Elements that foreign text cannot break."""

from __future__ import annotations

from markupsafe import Markup

from reports.writing.elements import element, join


def test_a_child_is_text_unless_it_is_an_element() -> None:
    made = element("p", "a < b", element("b", "&"))
    assert made == "<p>a &lt; b<b>&amp;</b></p>"
    assert isinstance(made, Markup)


def test_text_keeps_its_distance_from_an_element() -> None:
    assert join("see  ", element("b", "x"), " there") == "see <b>x</b> there"


def test_an_attribute_cannot_be_left() -> None:
    assert element("p", title='"><b>') == '<p title="&#34;&gt;&lt;b&gt;"></p>'


def test_names_that_python_keeps_are_written_with_an_underscore() -> None:
    assert element("p", class_="x") == '<p class="x"></p>'
    assert element("details", open="") == "<details open></details>"


def test_an_empty_element_is_not_closed() -> None:
    assert element("br") == "<br>"
