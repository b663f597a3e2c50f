"""A small model of three colours, and the files that the project makes of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from kigezi.answering.card import PLAIN, Card
from kigezi.exporting.packing import pack, with_card
from kigezi.learning.examples import Examples
from kigezi.pipelines.export.nodes import (
    Calibration,
    calibrate,
    convert_model,
    set_thresholds,
)
from kigezi.records import Trial
from kigezi.schemas import ExportParameters
from tests.conftest import make_recipe, make_trial
from tests.pictures import image_parameters
from tests.projects import PROJECT

SIZE = 64
CLASSES = ("7", "NA", "unsure")
"""names that a careless table would read as a number, as nothing or as no answer"""
WEIGHTS = PROJECT / "src/kigezi/bundled/mobilenet_v2_0.35_96_patterns.weights.h5"


@dataclass(frozen=True, repr=False)
class SmallExport:
    """What the nodes of the export pipeline hand on."""

    final_model: bytes
    calibration: Calibration
    bare: dict[str, bytes]
    """models without a card"""
    models: dict[str, bytes]
    cards: dict[str, Card]

    @property
    def card(self) -> Card:
        """That stands beside the files."""
        return self.cards[PLAIN]

    def files(self, **doubt: float) -> dict[str, bytes]:
        """What is shipped, with other thresholds in the models."""
        models = {
            kind: with_card(kind, self.bare[kind], _changed(card, doubt))
            for kind, card in self.cards.items()
        }
        return pack(models, _changed(self.card, doubt), "# A model\n")


def _changed(card: Card, doubt: dict[str, float]) -> Card:
    changed = card.doubt.model_copy(update=doubt)
    return card.model_copy(update={"doubt": changed})


def coloured(
    count: int, seed: int, size: int = SIZE, classes: int = 3
) -> npt.NDArray[np.uint8]:
    """Smooth pictures whose classes take turns: mostly red, green or blue."""
    random = np.random.default_rng(seed)
    images = np.empty((count, size, size, 3), np.uint8)
    for number in range(count):
        cells = random.integers(0, 192, (6, 6, 3))
        cells[..., number % classes] = cells[..., number % classes] / 2 + 127
        small = Image.fromarray(cells.astype(np.uint8))
        images[number] = small.resize((size, size))
    return images


def make_coloured_examples(train: int = 240, held_out: int = 60) -> Examples:
    """Photographs of the three classes, without changed copies."""
    splits = ["train"] * train + ["validation"] * held_out + ["test"] * held_out
    count = len(splits)
    return Examples(
        digest="d" * 64,
        classes=CLASSES,
        images=coloured(count, seed=1),
        labels=np.arange(count) % 3,
        splits=np.array(splits),
        copies=np.zeros(count, np.int64),
        photo_ids=np.array([f"photo{number}" for number in range(count)]),
    )


def make_groups(examples: Examples, size: int = 1) -> pd.DataFrame:
    """A ledger in which each `size` photographs in turn show one subject."""
    ids = examples.photo_ids
    groups = [f"g{number // size}" for number in range(len(ids))]
    paths = [f"{name}.jpg" for name in ids]
    columns = {"photo_id": ids, "path": paths, "group_id": groups, "status": "kept"}
    return pd.DataFrame(columns)


def coloured_trial() -> Trial:
    """The training of the final model, as far as an export asks for it."""
    trial = make_trial("final_model", 0.9)
    changes = {"classes": CLASSES}
    return Trial(trial.result.model_copy(update=changes), trial.predictions)


def export_parameters(**changes: object) -> ExportParameters:
    """Parameters of export that tests need not repeat."""
    plain = {
        "name": "study",
        "risk": 0.2,
        "certainty": 0.9,
        "refused": 0.05,
        "calibration_images": 60,
        "unknown": {"source": None, "drawn": 20},
        "budgets": {"points_lost": {}, "megabytes": None, "median_ms": None},
    }
    return ExportParameters.model_validate({**plain, **changes})


def make_small_export() -> SmallExport:
    """The export of the small model, which takes long to convert."""
    examples, trial = make_coloured_examples(), coloured_trial()
    final_model, export = _train(examples), export_parameters()
    ledger = make_groups(examples)
    calibration = calibrate(final_model, trial, examples, ledger)
    bare = convert_model(final_model, trial, examples, calibration, export)
    image = image_parameters(SIZE)
    made = set_thresholds(bare, trial, examples, calibration, image, export)
    return SmallExport(final_model, calibration, bare, *made)


def _train(examples: Examples) -> bytes:
    """The bundled backbone with a head that a logistic regression has found."""
    import keras
    from sklearn.linear_model import LogisticRegression

    from kigezi.exporting.converting import to_keras
    from kigezi.learning.backbone import build_model

    model = build_model(make_recipe(), SIZE, len(CLASSES), WEIGHTS)
    rows = examples.rows("train", all_copies=False)
    features = keras.Model(model.input, model.get_layer("features").output)
    seen = features.predict(examples.images[rows], verbose=0)
    found = LogisticRegression(max_iter=1000).fit(seen, examples.labels[rows])
    head = model.get_layer("probabilities")
    head.set_weights([found.coef_.T, found.intercept_])
    return to_keras(model)
