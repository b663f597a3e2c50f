import pytest
import yaml

from kigezi.statistics.published import compare_published
from tests.projects import PROJECT


def test_the_published_differences() -> None:
    text = (PROJECT / "conf" / "base" / "paper.yml").read_text("utf-8")
    table = compare_published(yaml.safe_load(text))
    assert set(table["test_size"]) == {483, 1932}
    assert len(table) == 2 * (3 + 4 + 3 + 2)  # the best of a stage has no row
    assert (table["points"] < 0).all()
    assert (table["told_apart"] == "always").all()


def test_best_and_worst_case() -> None:
    paper = {"rate": {"a": {"test": 90}, "b": {"test": 87}}}
    small, large = compare_published(paper).to_dict("records")
    # 15 photographs apart, of which the better variant misses none at best.
    assert small["paired_at_best"] == pytest.approx(2 * 0.5**15)
    assert small["paired_at_worst"] > 0.05
    assert small["unpaired"] == pytest.approx(0.14, abs=0.02)
    assert (small["told_apart"], large["told_apart"]) == ("depends", "depends")
    assert large["unpaired"] < 0.05


def test_nothing_is_told_apart_that_is_equal() -> None:
    paper = {"rate": {"a": {"test": 90}, "b": {"test": 90}}}
    assert set(compare_published(paper)["told_apart"]) == {"never"}
