"""Which photographs belong together, from what was found of some of them."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from kigezi.errors import DataError

_MOST_LINKED = 5000
"""photographs that one chain of pairs may link, before it is cut into groups"""

_APART = 1 - 1e-6
"""distance from which two photographs are not alike"""

Links = list[tuple[str, ...]]
"""photo_ids of photographs that belong together"""


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


def join_links(links: Iterable[tuple[str, ...]]) -> dict[str, str]:
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
