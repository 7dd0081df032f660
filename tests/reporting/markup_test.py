from nse_tf.reporting.markup import Markup, facts, joined, table, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "a < b", tag("b", "&")) == "<p>a &lt; b<b>&amp;</b></p>"


def test_attributes_are_escaped_and_empty_ones_left_out() -> None:
    made = tag("p", class_='"x"', aria_label="", role="img")
    assert made == '<p class="&quot;x&quot;" role="img"></p>'


def test_joined_parts_are_escaped_once() -> None:
    once = joined(["<", Markup("<br>")], by="&")
    assert once == "&lt;&amp;<br>"
    assert joined([once]) == once


def test_a_table_has_headings_and_a_total() -> None:
    made = table(
        ["Name", "Bytes"],
        [["a", "1"], ["total", "1"]],
        caption="Files",
        last_is_total=True,
    )
    assert '<th scope="col">Name</th>' in made
    assert '<th scope="row">a</th><td class="right">1</td>' in made
    assert '<tfoot><tr><th scope="row">total</th>' in made
    assert 'aria-label="Files"' in made


def test_facts_are_pairs() -> None:
    made = facts([("seed", "0")])
    assert made == ('<dl class="facts"><div><dt>seed</dt><dd>0</dd></div></dl>')
