"""Whatever is wrong with a file, the survey ends and says what became of it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import lists

from kigezi.folders import PhotographFolder
from kigezi.photos.building import image_maker
from kigezi.photos.judging import Judgement, judge
from kigezi.photos.reading import decode, pixel_limit
from kigezi.photos.splitting import mark_duplicates
from kigezi.photos.surveying import Limits, survey
from tests.damage import SOURCES, files
from tests.pictures import (
    augment_parameters,
    image_parameters,
    photograph_files,
    write_tree,
)

EVERY_TIME_THE_SAME = {"derandomize": True, "database": None, "deadline": None}
MAKE = image_maker(image_parameters(), augment_parameters(copies=1))
STATUSES = {"kept", "quarantined", "duplicate", "ignored"}


def _judge(data: bytes) -> Judgement:
    with pixel_limit(1):
        return judge(data, maximum_megapixels=1, minimum_side=16)


def _assert_accounted_for(data: bytes) -> None:
    judgement = _judge(data)
    if judgement.status == "kept":
        with pixel_limit(None):
            read = decode(data, 8)
        assert read.mode == "RGB"
        assert (read.width > read.height) == (judgement.width > judgement.height)
        images = MAKE(data, "p")
        assert len(images) == 2
    else:
        assert judgement.status == "quarantined"
        assert ":" in judgement.reason


@pytest.mark.parametrize("source", range(len(SOURCES)))
def test_undamaged_sources_are_kept(source: int) -> None:
    assert _judge(SOURCES[source]).status == "kept"


@settings(max_examples=3000, **EVERY_TIME_THE_SAME)
@given(files())
def test_what_is_kept_can_be_made_into_images(data: bytes) -> None:
    _assert_accounted_for(data)


@pytest.mark.parametrize("source", range(len(SOURCES)))
def test_a_cut_anywhere_is_accounted_for(source: int) -> None:
    data = SOURCES[source]
    for end in range(0, len(data), max(1, len(data) // 60)):
        _assert_accounted_for(data[:end])


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    **EVERY_TIME_THE_SAME,
)
@given(lists(files(), min_size=20, max_size=60))
def test_every_file_has_one_row(
    tmp_path_factory: pytest.TempPathFactory, damaged: list[bytes]
) -> None:
    tree = photograph_files({"a": 3, "b": 3})
    tree |= {f"a/{number}": data for number, data in enumerate(damaged)}
    root: Path = write_tree(tmp_path_factory.mktemp("tree"), tree)
    found = survey(PhotographFolder(str(root)), Limits(1, 16))
    ledger = mark_duplicates(found).set_index("path")
    assert ledger.index.tolist() == sorted(tree)
    counts = ledger["status"].value_counts()
    assert set(counts.index) <= STATUSES
    assert counts.sum() == len(tree)
    kept = ledger[ledger["status"] == "kept"]
    assert (kept[["width", "height"]] > 0).all(axis=None)
    assert kept["photo_id"].is_unique
    reasons = ledger.loc[ledger["status"] == "quarantined", "reason"]
    assert reasons.str.contains(": ").all()
