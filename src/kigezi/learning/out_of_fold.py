"""Classes predicted by models that never saw the photograph or its group.

scikit-learn is imported inside functions, so that commands start quickly.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.errors import DataError

Folds = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]

_REGULARIZATION = 0.01
"""scikit-learn's C, far below its default: there are as many features as photographs

Of 43 labels that were swapped among 2,152 photographs of potato leaves, 37 to 39 were
found with it among 53 to 59 doubtful ones; with 1, 39 to 42 among 77 to 79.
"""

_TREES = 100
_FEWEST_IN_LEAF = 3
_MOST_IN_TREE = 20_000
"""photographs that a tree grows from, so that 100,000 do not take hours"""

_CATEGORIES = 20
"""most frequent values of a text that are told apart"""


def make_folds(labels: pd.Series, groups: pd.Series, most: int, seed: int) -> Folds:
    """Rows to learn from and rows to predict; no group stands in both.

    Args:
        labels: Class of each photograph.
        groups: Group that each may not be parted from.
        most: Folds, if every class has as many groups.
        seed: Decides which groups go together.

    Raises:
        DataError: A class has only one group.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    columns = {"label": labels.to_numpy(), "group": groups.to_numpy()}
    pairs = pd.DataFrame(columns).drop_duplicates()
    counts = pairs["label"].value_counts()
    if counts.min() < 2:
        raise DataError(
            f"the class {counts.idxmin()!r} has photographs of one group only, so "
            "nothing can be learnt of it from others: add photographs to its folder."
        )
    count = min(most, int(counts.min()))
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return list(folds.split(labels, labels, groups))


def predict_out_of_fold(
    model: Any, seen: Any, labels: npt.NDArray[np.int64], folds: Folds
) -> npt.NDArray[np.float64]:
    """(photographs, classes) probabilities, each from the other folds.

    Args:
        model: A classifier of scikit-learn.
        seen: An array or a table, a row a photograph.
        labels: Class indices, from 0.
        folds: Rows to learn from and rows to predict.
    """
    from sklearn.model_selection import cross_val_predict

    return cross_val_predict(model, seen, labels, cv=folds, method="predict_proba")


def most_frequent() -> Any:
    """Always answers the most frequent class."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="most_frequent")


def linear() -> Any:
    """For features of a backbone, as the head of a network is."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(C=_REGULARIZATION, max_iter=1000)
    return make_pipeline(StandardScaler(), regression)


def forest(seed: int, photographs: int) -> Any:
    """For colours, sizes and dates, which no straight line parts; takes NaN.

    One thread each: the order in which trees are added up changes last digits.

    Args:
        seed: Decides the trees.
        photographs: How many there are.
    """
    from sklearn.ensemble import RandomForestClassifier

    share = _MOST_IN_TREE / photographs
    return RandomForestClassifier(
        _TREES,
        min_samples_leaf=_FEWEST_IN_LEAF,
        max_samples=share if share < 1 else None,
        random_state=seed,
    )


def forest_of_table(seed: int, photographs: int, words: list[str]) -> Any:
    """The same for a table in which some columns hold words."""
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=_CATEGORIES,
        sparse_output=False,
    )
    columns = make_column_transformer((encoder, words), remainder="passthrough")
    return make_pipeline(columns, forest(seed, photographs))
