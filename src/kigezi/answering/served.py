"""What `mlflow models serve` runs: image bytes in, an answer out.

MLflow takes this file as it is ("models from code"), so that nothing is pickled. The
modules that it imports travel with the model.
"""

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from kigezi.answering.classifier import Classifier
from kigezi.answering.deciding import as_row


class ServedModel(PythonModel):
    """Answers for photographs in the column `image`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the LiteRT file and its card."""
        from pathlib import Path

        paths = {name: Path(path) for name, path in context.artifacts.items()}
        self._classifier = Classifier.open(paths["model"], paths["card"])

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

        Raises:
            MlflowException: An image cannot be read; a server answers 400.
        """
        rows = [
            self._answer(number, data)
            for number, data in enumerate(model_input["image"], start=1)
        ]
        return pd.DataFrame(rows)

    def _answer(self, number: int, data: bytes) -> dict[str, str | float]:
        try:
            return as_row(self._classifier.classify(data))
        except Exception as error:  # a decoder may raise anything on such bytes
            said = " ".join(str(error).split()) or type(error).__name__
            raise MlflowException.invalid_parameter_value(
                f"Image {number} cannot be read ({said[:200]}): send the bytes of a "
                "JPEG, PNG, WEBP, GIF or BMP file, in base64."
            ) from error


set_model(ServedModel())
