"""How much a photograph is like those that were learnt from.

A network answers with great confidence for things that it was never shown (Hein et al.
2019, arXiv:1812.05720), and its last features have forgotten what told them apart. So
the means of an earlier layer's maps are described by a normal distribution of few
directions, as in Lee et al. (2018, arXiv:1807.03888); measured on networks of this
project, the last expansion at a sixteenth of the image told other things apart better
than the last features, the logits and the highest probability did.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LAYER = "block_13_expand_relu"
"""of MobileNetV2, whose (side / 16, side / 16) maps are averaged"""

_DIRECTIONS = 32

_LEAST_SHARE, _LEAST = 1e-6, 1e-8
"""of the largest variance, and at all, that a direction of no own has

Where features do not vary, a difference in the last digit would count for millions of
standard deviations otherwise.
"""


@dataclass(frozen=True)
class Familiarity:
    """Probabilistic principal components (Tipping and Bishop 1999) of features.

    Familiarity is the squared distance from the mean, measured in standard deviations
    of each direction, divided by the number of features, and negative: about -1 for the
    images it was fitted to, and the lower the less alike.
    """

    mean: npt.NDArray[np.float32]
    """(features,)"""
    variance: float
    """by which a squared distance in a direction of no own is divided"""
    kernel: npt.NDArray[np.float32]
    """(features, directions), of the directions that vary more"""

    @classmethod
    def fit(cls, features: npt.NDArray[np.float32]) -> "Familiarity":
        """The distribution of (images, features)."""
        from sklearn.decomposition import PCA

        count, width = features.shape
        directions = min(_DIRECTIONS, count - 2, width - 1)
        with np.errstate(invalid="ignore"):  # shares of no variance at all
            found = PCA(directions, svd_solver="full").fit(features)
        varying = found.explained_variance_
        least = max(_LEAST_SHARE * varying.max(initial=0), _LEAST)
        noise = max(float(found.noise_variance_), float(least))
        weights = 1 - noise / np.maximum(varying, noise)
        return cls(
            mean=found.mean_.astype(np.float32),
            variance=noise * width,
            kernel=(found.components_.T * np.sqrt(weights)).astype(np.float32),
        )

    def of(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The familiarity of (images, features), as the exported graph computes it."""
        centred = (features - self.mean) / np.sqrt(self.variance)
        along = centred @ self.kernel
        return (along**2).sum(axis=1) - (centred**2).sum(axis=1)
