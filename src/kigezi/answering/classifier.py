"""A LiteRT file and its card, ready to answer for photographs.

It also runs where the project is not installed, in what MLflow registers.
"""

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from kigezi.answering.card import Card
from kigezi.answering.deciding import Answer, decide
from kigezi.native_output import without_native_output
from kigezi.photos.geometry import fit
from kigezi.photos.reading import decode, pixel_limit

MEGAPIXELS = 100.0
"""largest photograph that is decoded, in millions of pixels"""


class Classifier:
    """Answers for one photograph after the other, on one thread."""

    def __init__(self, model: Path, card: Card) -> None:
        """Load the file; that takes a few milliseconds.

        Args:
            model: An exported .tflite file.
            card: Its card.
        """
        from ai_edge_litert.interpreter import Interpreter

        self.card = card
        with without_native_output():
            interpreter = Interpreter(str(model), num_threads=1)
            self._run = interpreter.get_signature_runner()
            # The first answer prepares what all others use.
            self.look(np.zeros((card.size, card.size, 3), np.uint8))

    @classmethod
    def open(cls, model: Path, card: Path) -> Self:
        """The classifier of a model file and the file with its card."""
        return cls(model, Card.model_validate_json(card.read_bytes()))

    def look(
        self, pixels: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.float32], float]:
        """Probabilities (classes,) and familiarity of (size, size, 3) RGB pixels."""
        found = self._run(image=pixels[None])
        return found["probabilities"][0], float(found["familiarity"][0, 0])

    def classify(self, data: bytes, maximum_megapixels: float = MEGAPIXELS) -> Answer:
        """The answer for the bytes of a photograph, read as those of the study were.

        Args:
            data: Of a JPEG, PNG, WEBP, GIF or BMP file.
            maximum_megapixels: Largest photograph that is decoded.

        Raises:
            Exception: Pillow cannot decode it: whatever its decoder raises.
        """
        return decide(*self.look(self.pixels(data, maximum_megapixels)), self.card)

    def pixels(
        self, data: bytes, maximum_megapixels: float = MEGAPIXELS
    ) -> npt.NDArray[np.uint8]:
        """The (size, size, 3) RGB pixels that the model sees of a photograph."""
        with pixel_limit(maximum_megapixels):
            image = fit(decode(data, self.card.size), self.card.size, self.card.fit)
        return np.asarray(image)
