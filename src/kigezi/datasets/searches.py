"""Searches with Optuna, each in a database of its own, which is what resumes them."""

from pathlib import Path
from typing import TYPE_CHECKING

from kigezi.datasets.open_store import OpenStoreDataset
from kigezi.errors import DataError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner


class Searches:
    """Searches by the digest of what decides them. Optuna is imported when needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, digest: str, pruner: str) -> "Study":
        """The search of a digest, made where it is missing.

        Args:
            digest: Digest of everything that decides which recipes are tried.
            pruner: median, successive_halving or none.

        Raises:
            DataError: Its database is damaged.
        """
        import optuna
        from sqlalchemy.exc import DatabaseError

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{digest[:32]}.db"
        try:
            return optuna.create_study(
                storage=f"sqlite:///{path.as_posix()}",
                study_name=digest,
                direction="maximize",
                pruner=_pruner(pruner),
                load_if_exists=True,
            )
        except DatabaseError as error:
            raise DataError(
                f"{path} is damaged: delete it and run the same command again; what is "
                "trained already is not trained again."
            ) from error


class SearchesDataset(OpenStoreDataset[Searches]):
    """Loads as the open store of searches.

    Example, in a catalog:
        searches:
          type: kigezi.datasets.searches.SearchesDataset
          path: data/06_models/searches
    """

    def _open(self, path: Path) -> Searches:
        return Searches(path)


def _pruner(name: str) -> "BasePruner":
    from optuna.pruners import MedianPruner, NopPruner, SuccessiveHalvingPruner

    kinds = {
        "median": MedianPruner,
        "successive_halving": SuccessiveHalvingPruner,
        "none": NopPruner,
    }
    return kinds[name]()
