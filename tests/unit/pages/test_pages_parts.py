import re

import pytest

from pages import parts
from pages.parts import Column, Markup

EVIL = '<script>alert("x")</script>'
SAFE = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"


@pytest.mark.parametrize(
    "made",
    [
        parts.bold(EVIL),
        parts.span(EVIL, "up"),
        parts.span(EVIL, "up", hint=EVIL),
        parts.scroll(EVIL),
        parts.link(EVIL, "https://x/" + EVIL),
        parts.link(EVIL, EVIL),
        parts.tag(EVIL, "warn", EVIL),
        parts.badge(EVIL, "bolt", "warn", EVIL),
        parts.note(EVIL, "warn"),
        parts.empty(EVIL, EVIL),
        parts.join(EVIL, parts.bold("b"), by=EVIL),
        parts.stack(EVIL, EVIL),
        parts.kv([(EVIL, EVIL, EVIL)]),
        parts.tiles([(EVIL, EVIL, EVIL, EVIL)]),
        parts.strip([parts.badge("a")], EVIL),
        parts.press(EVIL, EVIL, hint=EVIL),
        parts.progress(0.5, EVIL),
        parts.table([Column(EVIL, "right")], [[EVIL]], row_kinds=[EVIL]),
    ],
)
def test_nothing_from_outside_becomes_an_element(made):
    assert isinstance(made, Markup)
    assert "<script" not in made
    assert 'alert("' not in made
    assert SAFE in made


def test_only_plain_text_is_escaped_so_nothing_is_escaped_twice():
    assert parts.bold(parts.span("a & b", "up")) == '<b><span class="up">a &amp; b</span></b>'


def test_a_plain_string_built_around_markup_is_text_again():
    assert parts.esc(f"{parts.bold('x')}") == "&lt;b&gt;x&lt;/b&gt;"


def test_a_table_has_one_class_per_column_and_row():
    markup = parts.table([Column("A"), Column("B", "right wide", "20%")], [[1, 2], [3, 4]], row_kinds=["on"])
    assert markup == (
        '<table><thead><tr><th>A</th><th class="right wide" style="width:20%">B</th></tr></thead>'
        '<tbody><tr class="on"><td>1</td><td class="right wide">2</td></tr>'
        '<tr class=""><td>3</td><td class="right wide">4</td></tr></tbody></table>'
    )


def test_a_table_without_names_has_no_head():
    assert "<thead>" not in parts.table([Column(), Column()], [[1, 2]])


def test_a_row_of_another_length_is_a_mistake():
    with pytest.raises(ValueError, match="zip"):
        parts.table([Column("A")], [[1, 2]])


@pytest.mark.parametrize(("fraction", "width"), [(0.5, "50.0%"), (-1, "0.0%"), (7, "100.0%"), (None, "0.0%")])
def test_a_bar_stays_inside_its_track(fraction, width):
    assert f"width:{width}" in parts.bar(fraction)


def test_a_line_needs_two_numbers_and_leaves_out_what_is_not_one():
    assert parts.spark([]) == ""
    assert parts.spark([1.0, float("nan")]) == ""
    assert parts.spark([1.0, float("nan"), 2.0]) == parts.spark([1.0, 2.0])


def test_a_line_runs_from_low_to_high_inside_its_box():
    corners = re.findall(r"(-?[\d.]+)% (-?[\d.]+)%", parts.spark([1.0, 2.0, 3.0], width=100, height=20))
    heights = [float(y) for _, y in corners[1:4]]  # the area's upper edge
    assert heights == sorted(heights, reverse=True)
    assert all(0 <= y <= 100 for y in heights)


def test_a_flat_line_is_drawn_in_the_middle():
    assert "0.0% 50.0%,100.0% 50.0%" in parts.spark([5.0, 5.0], height=20)


def test_a_way_out_opens_a_tab_of_its_own_and_only_over_https():
    made = parts.link("news", 'https://x.example/?a="1"&b=2')
    assert made == (
        '<a href="https://x.example/?a=&quot;1&quot;&amp;b=2" target="_blank" rel="noopener noreferrer">news</a>'
    )
    for address in ("javascript:alert(1)", "http://x", "", "//x", "data:text/html,x", "HTTPS://x"):
        assert parts.link("news", address) == "news"


def test_depth_draws_an_area_and_a_line_for_each_side_inside_its_box():
    made = parts.depth([(0.4, 0.5), (0.1, 1.0)], [(0.6, 0.25)])
    assert made.count("<i ") == 4
    assert (
        "polygon(40.00% 100.00%,40.00% 100.00%,40.00% 50.00%,10.00% 50.00%,10.00% 0.00%,0.00% 0.00%,0.00% 100.00%)"
        in made
    )
    assert "calc(60.00% + 1.4px)" in made
    assert parts.depth([], []) == '<div class="depth"></div>'


def test_a_rows_colour_stays_between_nothing_and_the_whole_row():
    made = parts.table([Column("a")], [["1"], ["2"], ["3"]], row_kinds=["asks"] * 3, fills=[-1.0, 0.5, 7.0])
    assert re.findall(r"--fill:([\d.]+%)", made) == ["0.0%", "50.0%", "100.0%"]
