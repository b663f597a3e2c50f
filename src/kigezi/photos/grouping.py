"""Photographs of one subject share a group, which never stands in two splits."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from kigezi.errors import DataError
from kigezi.schemas import GroupParameters

SMALL = 10
"""photographs that a group may always hold, however small its class is"""

_MOST_LINKED = 5000
"""photographs that one chain of pairs may link, before it is cut into groups"""

_APART = 1 - 1e-6
"""distance from which two photographs are not alike"""

Links = list[tuple[str, ...]]
"""photo_ids of photographs that belong together"""


def assign_groups(
    ledger: pd.DataFrame, pairs: pd.DataFrame, parameters: GroupParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every usable photograph the name of the group that it may not leave.

    Args:
        ledger: A row a file, with `path, photo_id, label, status, camera, taken`.
        pairs: From `confirm`.
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
    groups = _join(link for links in reasons.values() for link in links)
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
    neighbours = pairs["proposed_by"] == "number"
    enough = np.where(
        neighbours, parameters.likeness_of_neighbours, parameters.likeness
    )
    pairs = pairs.assign(one_subject=pairs["likeness"] >= enough)
    ends = ["path_1", "path_2"]
    best = pairs.sort_values(
        ["one_subject", "likeness", *ends, "orientation"],
        ascending=[False, False, True, True, True],
    ).drop_duplicates(ends)
    return best.sort_values(
        ["likeness", *ends], ascending=[False, True, True], ignore_index=True
    )


def confirmed_groups(alike: pd.DataFrame) -> Links:
    """Photographs of which every two are alike, so that no chain joins strangers.

    Complete linkage: https://docs.scipy.org/doc/scipy/reference/generated/scipy.cluster.hierarchy.linkage.html

    Args:
        alike: The pairs that show one subject.
    """
    ids, ends = np.unique(alike[["photo_id_1", "photo_id_2"]], return_inverse=True)
    first, second = ends.reshape(-1, 2).T
    edges = coo_array((alike["likeness"], (first, second)), shape=(len(ids), len(ids)))
    graph = (edges + edges.T).tocsr()
    _, components = connected_components(graph, directed=False)
    links: Links = []
    for members in _members(components):
        _refuse_chain(members)
        distances = 1 - graph[members][:, members].toarray()
        np.fill_diagonal(distances, 0)
        tree = linkage(squareform(distances), "complete")
        # A pair that is not among them has distance 1.
        clusters = fcluster(tree, _APART, "distance")
        links += [tuple(ids[members[same]]) for same in _members(clusters)]
    return [link for link in links if len(link) > 1]


def effective_number(sizes: pd.Series) -> float:
    """How many independent photographs groups of these sizes are worth.

    Kish's (sum of sizes) squared over sum of squares: photographs of one subject count
    once between them (Kish, 1965, "Survey Sampling").
    """
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def _members(numbers: npt.NDArray[np.integer]) -> list[npt.NDArray[np.intp]]:
    """The positions of each number, for numbers that are given to positions."""
    if not len(numbers):
        return []
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _refuse_chain(members: npt.NDArray[np.intp]) -> None:
    """Every two of them are compared, which needs memory."""
    if len(members) > _MOST_LINKED:
        raise DataError(
            f"{len(members):,} photographs are linked to each other by their likeness, "
            f"more than {_MOST_LINKED:,}: raise ingest.groups.likeness and "
            "ingest.groups.likeness_of_neighbours (conf/base/parameters_ingest.yml)."
        )


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


def _join(links: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """The smallest photo_id of everything that is linked, by photo_id."""
    several = [link for link in links if len(link) > 1]
    ids, numbers = np.unique(
        [one for link in several for one in link], return_inverse=True
    )
    starts = np.repeat([link[0] for link in several], [len(link) for link in several])
    homes = np.searchsorted(ids, starts)
    graph = coo_array((np.ones(len(numbers)), (numbers, homes)), shape=(len(ids),) * 2)
    _, components = connected_components(graph, directed=False)
    # The ids are sorted, so that the first member has the smallest.
    return {
        str(ids[member]): str(ids[members[0]])
        for members in _members(components)
        for member in members
    }


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
    sizes = table.groupby(["group_id", "label"])
    for (_, label), rows in sizes:
        most = max(SMALL, parameters.largest * classes[label])
        if len(rows) > most:
            by = " and ".join(
                sorted(set(" and ".join(rows["linked_by"]).split(" and ")))
            )
            raise DataError(
                f"{len(rows)} photographs of the class {label!r}, among them "
                f"{rows['path'].iloc[0]} and {rows['path'].iloc[-1]}, would be one "
                f"group by {by}, more than {100 * parameters.largest:g} % of the class: "
                "raise ingest.groups.likeness, narrow burst_seconds or series, or, if "
                "they do show one subject, raise ingest.groups.largest "
                "(conf/base/parameters_ingest.yml)."
            )
