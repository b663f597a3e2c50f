"""How much a photograph is like those that were learnt from.

A network answers with great confidence for things that it was never shown (Hein et al.
2019, arXiv:1812.05720), and its last features have forgotten what told them apart. So
the means of earlier layers' maps are described by a normal distribution of few
directions, after Lee et al. (2018, arXiv:1807.03888). Measured on networks of this
project, several layers together told drawn patterns and photographs of other things
apart better than the last features, the logits or the highest probability did, whose
AUROC was below 0.5 for a small network that was trained whole.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LAYERS = tuple(f"block_{number}_expand_relu" for number in (1, 3, 6, 10, 13))
"""of MobileNetV2, from a half to a sixteenth of the image's side; maps are averaged"""

_DIRECTIONS = 32

_LEAST_SPREAD = 0.1
"""of a feature, in medians of all: some hardly vary among the images fitted to"""

_LEAST_SHARE, _LEAST = 1e-6, 1e-8
"""of the largest variance, and at all, that a direction of no own has

Where features do not vary, a difference in the last digit would count for millions of
standard deviations otherwise.
"""


@dataclass(frozen=True)
class Familiarity:
    """Probabilistic principal components (Tipping and Bishop 1999) of features.

    Familiarity is the squared distance from the mean, measured in standard deviations
    of each direction, divided by the number of features, and negative: 0 for the mean
    of the images it was fitted to (about -1 on average, if these are many times as many
    as the features), and the lower the less alike.
    """

    mean: npt.NDArray[np.float32]
    """(features,)"""
    variance: npt.NDArray[np.float32]
    """(features,), by which squared distances are divided"""
    kernel: npt.NDArray[np.float32]
    """(features, directions), of the directions that vary more"""

    @classmethod
    def fit(cls, features: npt.NDArray[np.float32]) -> "Familiarity":
        """The distribution of (images, features), of three images at least."""
        from sklearn.decomposition import PCA

        count, width = features.shape
        mean, spread = features.mean(axis=0), features.std(axis=0)
        spread = spread.clip(_LEAST_SPREAD * (np.median(spread) or 1))
        directions = min(_DIRECTIONS, count - 2, width - 1)
        with np.errstate(invalid="ignore"):  # shares of no variance at all
            found = PCA(directions, svd_solver="full").fit((features - mean) / spread)
        varying = found.explained_variance_
        least = max(_LEAST_SHARE * varying.max(initial=0), _LEAST)
        noise = max(float(found.noise_variance_), float(least))
        weights = 1 - noise / np.maximum(varying, noise)
        return cls(
            mean=mean,
            variance=(spread**2 * noise * width).astype(np.float32),
            kernel=(found.components_.T * np.sqrt(weights)).astype(np.float32),
        )

    def of(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The familiarity of (images, features), as the exported graph computes it."""
        centred = (features - self.mean) / np.sqrt(self.variance)
        along = centred @ self.kernel
        return (along**2).sum(axis=1) - (centred**2).sum(axis=1)
