"""What nodes ask of the open stores that they are given.

The stores themselves live in `kigezi.datasets`, which nodes do not import.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.answering.card import Card
from kigezi.learning.finished import FinishedTraining
from kigezi.photos.building import DatasetBuild
from kigezi.records import Assignment, Epoch, Trial, TrialResult
from kigezi.schemas import Recipe
from kigezi.streaming import Map


class DatasetVersion(Protocol):
    """One whole version of the augmented dataset."""

    name: str
    path: Path
    digest: str
    description: dict[str, Any]
    manifest: pd.DataFrame

    def check(self) -> None:
        """Refuse a manifest that does not match its images."""

    def read(self, path: str) -> bytes:
        """An image file's bytes, checked against the manifest."""

    def files(self) -> dict[str, str]:
        """sha256 of every image file as it is now, by path."""

    def content_digest(self) -> str:
        """The digest of the manifest's pixels."""


class AugmentedVersions(Protocol):
    """Every version of the augmented dataset."""

    def all(self) -> list[DatasetVersion]:
        """The whole versions, newest first."""

    def named(self, name: str) -> DatasetVersion:
        """The version with Kedro's name."""

    def version(self, digest: str) -> DatasetVersion:
        """The version that was made of these photographs with these settings."""

    def remake(self, build: DatasetBuild) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The manifest that a build makes now, and the photographs that changed."""


class Tables(Protocol):
    """Tables that take long to make."""

    map: Map
    """calls a function with every item, in as many processes as may be used"""

    def get_or_make(
        self, digest: str, make: Callable[[int], Iterator[pd.DataFrame]]
    ) -> pd.DataFrame:
        """The table of a digest; what is missing is made, in parts, from a row on."""


class ModelInputs(Protocol):
    """Images and activations as arrays."""

    def get_or_make(
        self,
        digest: str,
        shape: tuple[int, ...],
        fill: Callable[[npt.NDArray[Any]], None],
        dtype: npt.DTypeLike = np.uint8,
    ) -> npt.NDArray[Any]:
        """The array of a digest, a row an image, made where it is missing."""


class Weights(Protocol):
    """What a backbone starts from."""

    path: Path | None
    digest: str


class BackboneWeights(Protocol):
    """Finds the weights that a recipe names."""

    def find(self, recipe: Recipe) -> Weights:
        """The weights of a recipe, downloaded where needed."""


class Training(FinishedTraining, Protocol):
    """One training, as far as it has come."""

    folder: Path

    def mend(self) -> None:
        """Begin anew if a file is damaged without which it cannot go on."""

    def counting_kills(self) -> AbstractContextManager[int]:
        """How often it was killed for lack of memory, and a note for the next time."""

    def model_path(self, epoch: int | None) -> Path:
        """The whole model with an epoch's weights."""


class Trainings(Protocol):
    """Every training, by what decided it."""

    def hold(
        self, decided_by: Mapping[str, Any], budgets: Sequence[int], name: str
    ) -> AbstractContextManager[Training]:
        """The training that these settings decide, while nobody else works on it."""

    def explain_new(self, name: str, decided_by: Mapping[str, Any]) -> str:
        """What differs from the training that last bore a name."""

    def find(self, key: str) -> Training:
        """A training that was begun, by its key."""

    def mark_whole(self, study: str) -> None:
        """Remember that every training of a study is here."""

    def has_whole(self, study: str) -> bool:
        """Whether every training of a study was done here."""


class Searches(Protocol):
    """Searches with Optuna."""

    def open(self, digest: str, pruner: str) -> Any:
        """Optuna's study of a digest, with what was tried before."""


class Exported(Protocol):
    """The models that the study shipped."""

    folder: Path
    card: Card

    def card_of(self, kind: str) -> Card:
        """The card within the file of a kind, whose thresholds are its own."""

    def path(self, kind: str) -> Path:
        """The model file of a kind, checked against its checksum."""

    def read(self, name: str) -> bytes:
        """The bytes of a file, checked against its checksum."""


class RuntimePackages(Protocol):
    """What runs a model in a browser."""

    def read(self, name: str, fetched: str | None = None) -> Mapping[str, bytes]:
        """The files of a package, fetched, or from a folder with its archive."""


class TrackedRun(Protocol):
    """One variant's run, which is marked as killed or failed if it is left early."""

    def __enter__(self) -> Self:
        """The run itself."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Mark a run that an exception ends."""

    def epoch(self, epoch: Epoch) -> None:
        """Send one epoch's figures."""

    def finish(
        self, trial: Trial, plot: Callable[[], Mapping[str, Any]], model: Path
    ) -> None:
        """Send everything that is not there yet."""


class Tracking(Protocol):
    """The study's runs."""

    def begin(self, assignment: Assignment, dataset: str, key: str) -> TrackedRun:
        """A variant's run."""

    def finish_study(self, assignment: Assignment, dataset: str) -> None:
        """Mark the whole study as finished."""

    def keep_report(
        self,
        final: TrialResult,
        texts: Mapping[str, str],
        draw: Callable[[], Mapping[str, Any]],
        note: str,
    ) -> None:
        """Keep texts and figures, by file name, and a note with the study's run."""

    def register(self, exported: Exported, final: TrialResult, example: bytes) -> None:
        """Register the exported model, with a photograph as an example."""
