"""What `mlflow models serve` runs: image bytes in, an answer out.

MLflow takes this file as it is ("models from code"), so that nothing is pickled. The
modules that it imports travel with the model.
"""

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext
from PIL import Image, UnidentifiedImageError

from kigezi.answering.classifier import MEGAPIXELS, Classifier
from kigezi.answering.deciding import COLUMNS, as_row, decide
from kigezi.photos.checking import check_bytes
from kigezi.photos.reading import open_photograph, pixel_limit

_WANTED = (
    "Send a JPEG, PNG, WEBP, GIF or BMP file in base64, as `image` of a record in "
    "`dataframe_records`."
)
_LONGEST = 200
"""characters of what a decoder says"""


class ServedModel(PythonModel):
    """Answers for photographs in the column `image`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the LiteRT file and its card."""
        from pathlib import Path

        paths = {name: Path(path) for name, path in context.artifacts.items()}
        self._classifier = Classifier.open(paths["model"], paths["card"])
        # MLflow answers each request in a thread of its own. The interpreter has one
        # place for an image, and Pillow one limit of pixels, for all of them: without
        # a lock, requests would get the answers to each other's photographs.
        self._turn = Lock()

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, str] | None = None,
    ) -> pd.DataFrame:
        """A row an image: see `kigezi.answering.deciding.as_row`.

        Args:
            context: Of MLflow.
            model_input: A column `image` with the bytes of JPEG, PNG, WEBP, GIF or BMP
                files.
            params: None are known.

        Returns:
            What is missing, for instance a third class of two, is None.

        Raises:
            MlflowException: An image cannot be read; a server answers 400.
        """
        rows = [
            self._answer(number, data)
            for number, data in enumerate(model_input["image"], start=1)
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)

    def _answer(self, number: int, data: bytes) -> dict[str, Any]:
        with self._turn:
            pixels = self._read(number, data)
            answer = decide(*self._classifier.look(pixels), self._classifier.card)
        # JSON knows no "not a number", and many programs refuse what has it.
        row = as_row(answer)
        return {name: None if pd.isna(value) else value for name, value in row.items()}

    def _read(self, number: int, data: bytes) -> npt.NDArray[np.uint8]:
        try:
            with pixel_limit(MEGAPIXELS):
                check_bytes(data, open_photograph(data).format)
            return self._classifier.pixels(data)
        except Exception as error:  # a decoder may raise anything on such bytes
            raise MlflowException.invalid_parameter_value(
                f"Image {number} {_say(data, error)}. {_WANTED}"
            ) from error


def _say(data: bytes, error: Exception) -> str:
    """What is wrong with the bytes of an image."""
    if not data:
        return "is empty"
    if isinstance(error, UnidentifiedImageError):
        return "is no photograph"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"has more than {MEGAPIXELS:g} million pixels"
    said = " ".join(str(error).split()) or type(error).__name__
    return f"is cut short or damaged ({said[:_LONGEST]})"


set_model(ServedModel())
