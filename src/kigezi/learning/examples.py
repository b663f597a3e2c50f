"""Images and labels as arrays, and the order in which training sees them."""

import hashlib
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.records import Split, digest_of


class Images(Protocol):
    """(images, side, side, 3), RGB from 0 to 255, or what only looks like an array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array has it."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Examples:
    """The images of one dataset version at working size."""

    digest: str
    """what names the images and their splits: of a dataset version as it is, its own"""
    classes: tuple[str, ...]
    images: Images
    """may be memory-mapped, or decoded when rows are asked for"""
    labels: npt.NDArray[np.int64]
    """(images,), index into classes"""
    splits: npt.NDArray[np.str_]
    """(images,), train, validation or test"""
    copies: npt.NDArray[np.int64]
    """(images,), 0 for the photograph itself"""
    photo_ids: npt.NDArray[np.str_]
    """(images,), sha256 of the photograph's bytes"""
    split_from: str = ""
    """digest of the dataset version, if its images are split in another way"""
    copies_count: bool = False
    """whether figures are of all images, instead of the photographs themselves"""

    @classmethod
    def of(cls, manifest: pd.DataFrame, images: Images, digest: str) -> Self:
        """The examples of a manifest's rows, whose images stand in the same order.

        Args:
            manifest: Columns label, split, copy and photo_id.
            images: (rows, side, side, 3), RGB from 0 to 255.
            digest: Digest of the dataset version.
        """
        classes = tuple(sorted(manifest["label"].unique()))
        return cls(
            digest=digest,
            classes=classes,
            images=images,
            labels=manifest["label"].map(classes.index).to_numpy(np.int64),
            splits=manifest["split"].to_numpy(str),
            copies=manifest["copy"].to_numpy(np.int64),
            photo_ids=manifest["photo_id"].to_numpy(str),
        )

    def rows(self, split: Split, *, all_copies: bool) -> npt.NDArray[np.int64]:
        """Rows of a split: every copy, or only the photographs themselves."""
        chosen = self.splits == split
        if not all_copies:
            chosen &= self.copies == 0
        return np.flatnonzero(chosen)

    def judged(self, split: Split) -> npt.NDArray[np.int64]:
        """Rows of a split that its figures are of."""
        return self.rows(split, all_copies=self.copies_count)

    def split_anew(
        self, splits: npt.NDArray[np.str_], copies_count: bool = False
    ) -> Self:
        """The same images in other splits, with a digest of their own.

        Any copy may then stand alone in a split, so all of them are measured.

        Args:
            splits: (images,), train, validation or test.
            copies_count: Whether figures are of all images, instead of the photographs
                themselves.
        """
        counted = ["every copy counts"] if copies_count else []
        return replace(
            self,
            digest=digest_of([self.dataset, splits.tolist(), *counted]),
            splits=splits,
            split_from=self.dataset,
            copies_count=copies_count,
        )

    @property
    def every_copy(self) -> bool:
        """Whether changed copies are measured besides the photographs themselves."""
        return bool(self.split_from)

    @property
    def dataset(self) -> str:
        """Digest of the dataset version that the images belong to."""
        return self.split_from or self.digest

    @property
    def size(self) -> int:
        """Side of the square images in pixels."""
        return int(self.images.shape[1])

    @property
    def majority(self) -> float:
        """Validation accuracy of always answering the most frequent training class."""
        train = self.labels[self.rows("train", all_copies=False)]
        answer = np.bincount(train, minlength=len(self.classes)).argmax()
        validation = self.labels[self.judged("validation")]
        return float((validation == answer).mean())


def epoch_order(count: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """A permutation of range(count) drawn from (seed, epoch) alone.

    `fit(shuffle=True)` on arrays repeats one order in every epoch once the seeds are
    set, and a resumed training could not know where it was. Sorting the raw words of a
    counter-based generator gives the same order on every machine and NumPy version.
    """
    words = np.random.Philox(key=_key(seed, epoch, "order")).random_raw(count)
    return np.argsort(words, kind="stable")


def dropout_state(seed: int, epoch: int) -> npt.NDArray[np.uint32]:
    """The (2,) state of a dropout layer's generator at the start of an epoch."""
    key = _key(seed, epoch, "dropout")
    return np.array([key & 0xFFFFFFFF, (key >> 32) & 0xFFFFFFFF], dtype=np.uint32)


def _key(seed: int, epoch: int, purpose: str) -> int:
    digest = hashlib.sha256(f"{purpose}:{seed}:{epoch}".encode()).digest()
    return int.from_bytes(digest[:16], "big")
