import pathlib
from xml.etree import ElementTree

from nse_tf.reporting import TauPoint, write_ranking_page

POINTS = [
    TauPoint("macs", 0, 0.0, 0.58),
    *(
        TauPoint(score, seed, epoch, 0.1 * epoch + 0.01 * seed)
        for score in ("angle", "add")
        for seed in (0, 1)
        for epoch in (1.0, 2.0, 3.0)
    ),
]


def test_the_page_shows_scores_and_findings(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.html"
    write_ranking_page(path, "A <study>", POINTS, ["macs: tau 0.58"])
    text = path.read_text()
    assert "<h1>A &lt;study&gt;</h1>" in text
    assert "macs: tau 0.58</li>" in text
    assert "angle 0.310 after 3 epochs" in text
    assert "scores without training" in text
    rows = ElementTree.fromstring(
        text[text.index("<table") : text.index("</table>") + 8]
    ).iter("tr")
    assert [[cell.text or "" for cell in row] for row in rows] == [
        ["mean τ after epochs", "no training", "1", "2", "3"],
        ["macs", "0.580", "", "", ""],
        ["angle", "", "0.105", "0.205", "0.305"],
        ["add", "", "0.105", "0.205", "0.305"],
    ]
    svg = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ElementTree.fromstring(svg).tag == "svg"


def test_the_same_points_give_the_same_bytes(tmp_path: pathlib.Path) -> None:
    for name in ("a", "b"):
        write_ranking_page(tmp_path / name, "t", POINTS, [])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_where_colors_repeat_another_mark_distinguishes_scores(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "report.html"
    points = [TauPoint(f"s{i}", 0, 1.0, 0.1 * i) for i in range(9)]
    write_ranking_page(path, "t", points[:8], [])
    assert "■" not in path.read_text()
    write_ranking_page(path, "t", points, [])
    assert path.read_text().count("■") == 1
