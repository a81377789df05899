"""Small pictures for pages without scripts: right places, any name, nothing loaded."""

import base64
from xml.etree import ElementTree

import pandas as pd
import pytest

from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.figures.inline import as_image, interval_svg

SVG = "{http://www.w3.org/2000/svg}"


def rows(*numbers, label="Labs", level=0.8) -> pd.DataFrame:
    return pd.DataFrame(
        [{"label": label, "low": low, "median": median, "high": high, "level": level}
         for low, median, high in numbers]
    )  # fmt: skip


def test_intervals_stand_where_the_ticks_say():
    tree = ElementTree.fromstring(interval_svg(rows((0, 50, 100), (100, 100, 100)), "Experts"))
    ticks = {
        each.text: float(each.get("x"))
        for each in tree.iter(f"{SVG}text")
        if each.get("text-anchor") == "middle"
    }
    points = [float(each.get("cx")) for each in tree.iter(f"{SVG}circle")]
    lines = [each for each in tree.iter(f"{SVG}line") if each.get("stroke-width")]
    assert float(lines[0].get("x1")) == ticks["0"]
    assert points[0] == pytest.approx((ticks["0"] + ticks["100"]) / 2)
    assert points[1] == float(lines[0].get("x2")) == ticks["100"]


@pytest.mark.parametrize("most", [0, 0.3, 1, 7, 99, 1e6, 3.2e8])
def test_a_few_ticks_reach_over_everything(most):
    tree = ElementTree.fromstring(interval_svg(rows((0, most / 2, most)), "Experts"))
    ticks = [each.text for each in tree.iter(f"{SVG}text") if each.get("text-anchor") == "middle"]
    assert 2 <= len(ticks) <= 7
    assert int(ticks[-1].replace(",", "")) >= most
    assert len(set(ticks)) == len(ticks)


def test_any_name_is_shown_and_no_more_than_shown():
    name = '</text><script>alert(1)</script> & "資本" ' + "x" * 90
    tree = ElementTree.fromstring(interval_svg(rows((1, 2, 3), label=name), "Experts"))
    assert not list(tree.iter(f"{SVG}script"))
    assert any((each.text or "").startswith("</text><script>") for each in tree.iter(f"{SVG}text"))


def test_what_has_no_numbers_is_not_drawn():
    missing = rows((None, None, None))
    assert interval_svg(missing, "Experts") == ""
    both = pd.concat([missing, rows((1, 2, 3))])
    assert interval_svg(both, "Experts").count("<circle") == 1


def test_the_level_is_told_and_is_one():
    assert "median and 90 % interval" in interval_svg(rows((1, 2, 3), level=0.9), "Experts")
    with pytest.raises(ComputeError, match="of 80 %, 90 %"):
        interval_svg(pd.concat([rows((1, 2, 3)), rows((1, 2, 3), level=0.9)]), "Experts")


def test_an_image_holds_its_data():
    svg = interval_svg(rows((1, 2, 3)), "Experts")
    shown = as_image(svg, "experts")
    assert shown.startswith("![experts](data:image/svg+xml;base64,")
    assert base64.b64decode(shown.partition("base64,")[2][:-1]).decode() == svg
