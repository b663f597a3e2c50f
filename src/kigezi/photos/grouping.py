"""Photographs of one subject share a group, which never stands in two splits."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kigezi.errors import DataError
from kigezi.photos.linking import Links, confirmed_groups, join_links
from kigezi.schemas import GroupParameters

SMALL = 10
"""photographs that a group may always hold, however small its class is"""


def assign_groups(
    ledger: pd.DataFrame, pairs: pd.DataFrame, parameters: GroupParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every usable photograph the name of the group that it may not leave.

    Args:
        ledger: A row a file, with `path, photo_id, label, status, camera, taken`.
        pairs: From `confirm` and `name_pairs`.
        parameters: When photographs belong together.

    Returns:
        The ledger with `group_id`, the beginning of the smallest `photo_id` in the
        group; and a row for each photograph that is not alone in its group, with
        `group_id, label, path, linked_by`.

    Raises:
        DataError: A group is so large that the rule that made it cannot be right.
    """
    kept = ledger[ledger["status"] == "kept"]
    reasons = {
        "likeness": confirmed_groups(pairs[pairs["one_subject"]]),
        "time": list(_bursts(kept, parameters.burst_seconds)),
        "name": list(_series(kept, parameters.series)),
    }
    groups = join_links(link for links in reasons.values() for link in links)
    usable = ledger["status"].isin(["kept", "duplicate"])
    homes = ledger["photo_id"].map(groups).fillna(ledger["photo_id"])
    ledger = ledger.assign(group_id=homes.str[:16].where(usable, ""))
    table = _table(ledger, reasons)
    _refuse_large(ledger, table, parameters)
    return ledger, table


def confirm(pairs: pd.DataFrame, parameters: GroupParameters) -> pd.DataFrame:
    """Say of every pair, with `one_subject`, whether it is alike enough for that.

    Among millions of possible pairs some strangers look alike, so less is enough for
    files that follow each other, both upright, than for those that hashes proposed.

    Args:
        pairs: From `compare_pairs`.
        parameters: What is enough.

    Returns:
        A row a pair, in the orientation in which it is most alike, but first in one in
        which it is alike enough; sorted by falling likeness.
    """
    enough = np.where(
        pairs["neighbours"], parameters.likeness_of_neighbours, parameters.likeness
    )
    pairs = pairs.assign(one_subject=pairs["likeness"] >= enough)
    ends = ["first", "second"]
    best = pairs.sort_values(
        ["one_subject", "likeness", *ends, "orientation"],
        ascending=[False, False, True, True, True],
    ).drop_duplicates(ends)
    return best.sort_values(
        ["likeness", *ends], ascending=[False, True, True], ignore_index=True
    )


def effective_number(sizes: pd.Series) -> float:
    """How many independent photographs groups of these sizes are worth.

    Kish's (sum of sizes) squared over sum of squares: photographs of one subject count
    once between them (Kish, 1965, "Survey Sampling").
    """
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def _bursts(kept: pd.DataFrame, seconds: float | None) -> Iterator[tuple[str, ...]]:
    """Photographs of one camera of which every two were taken within some seconds."""
    if seconds is None:
        return
    dated = kept[(kept["taken"] != "") & (kept["camera"] != "")]
    # Seconds, for a camera whose clock was never set may be in any century.
    times = dated["taken"].map(np.datetime64).astype("datetime64[s]")
    times = times.sort_values(kind="stable")
    span = pd.Timedelta(seconds=seconds)
    for _, of_camera in times.groupby(dated["camera"]):
        start, burst = None, []
        for row, taken in of_camera.items():
            if start is None or taken - start > span:
                yield tuple(burst)
                start, burst = taken, []
            burst.append(kept.at[row, "photo_id"])
        yield tuple(burst)


def _series(kept: pd.DataFrame, pattern: str | None) -> Iterator[tuple[str, ...]]:
    """Photographs whose paths share what all parts of the pattern find."""
    if pattern is not None:
        found = kept["path"].str.extract(pattern, expand=True)
        found = found.dropna(how="all").fillna("")
        keys = [found[column] for column in found]
        for _, same in kept.loc[found.index].groupby(keys):
            yield tuple(same["photo_id"])


def _table(ledger: pd.DataFrame, reasons: dict[str, Links]) -> pd.DataFrame:
    linked = pd.DataFrame(
        [
            (photo_id, reason)
            for reason, links in reasons.items()
            for link in links
            if len(link) > 1
            for photo_id in link
        ],
        columns=["photo_id", "linked_by"],
    ).drop_duplicates()
    by = linked.groupby("photo_id")["linked_by"].agg(" and ".join)
    kept = ledger[(ledger["status"] == "kept") & ledger["photo_id"].isin(by.index)]
    table = kept[["group_id", "label", "path"]]
    table = table.assign(linked_by=kept["photo_id"].map(by))
    return table.sort_values(["label", "group_id", "path"], ignore_index=True)


def _refuse_large(
    ledger: pd.DataFrame, table: pd.DataFrame, parameters: GroupParameters
) -> None:
    classes = ledger.loc[ledger["status"] == "kept", "label"].value_counts()
    for (_, label), rows in table.groupby(["group_id", "label"]):
        share = parameters.largest
        most = max(SMALL, share * classes[label])
        if len(rows) > most:
            rules = rows["linked_by"].str.split(" and ").explode().unique()
            by = " and ".join(rules)
            raise DataError(
                f"{len(rows)} photographs of the class {label!r}, among them "
                f"{rows['path'].iloc[0]} and {rows['path'].iloc[-1]}, would be one "
                f"group by {by}, more than {100 * share:g} % of the class: "
                "raise ingest.groups.likeness and likeness_of_neighbours, narrow "
                "burst_seconds or series, or, if they do show one subject, raise "
                "ingest.groups.largest (conf/base/parameters_ingest.yml)."
            )
