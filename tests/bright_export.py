"""A small exported model whose answers are known: bright photographs are "light"."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kigezi.datasets.exported import Exported
from kigezi.exporting.packing import pack, with_card
from tests.cards import make_card
from tests.pictures import encoded

SIDE = 32


CARD = {
    "name": "brightness",
    "classes": ("dark", "light"),
    "size": SIDE,
    "least_confidence": 0.6,
}
"""with thresholds that a grey photograph is below"""


@cache
def make_litert() -> bytes:
    """A LiteRT file with the inputs and outputs of an exported one."""
    import keras

    from kigezi.exporting.converting import to_litert

    image = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    mean = keras.layers.GlobalAveragePooling2D()(scaled)
    head = keras.layers.Dense(2, activation="softmax", name="probabilities")
    near = keras.layers.Dense(1, name="familiarity")
    outputs = {"probabilities": head(mean), "familiarity": near(mean)}
    head.set_weights([np.array([[-4.0, 4.0]] * 3), np.array([6.0, -6.0])])
    near.set_weights([np.zeros((3, 1)), np.array([-1.0])])
    return to_litert(keras.Model(image, outputs))


def write_export(folder: Path, page: str = "", **changes: Any) -> Exported:
    """A folder as the export writes it, with the LiteRT file alone.

    Args:
        folder: Is made.
        page: What its README.md says.
        changes: Of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = make_card(**CARD | changes)
    packed = pack({"float32": with_card("float32", make_litert(), card)}, card, page)
    for name, data in packed.items():
        (folder / name).write_bytes(data)
    return Exported(folder)


def plain_photograph(brightness: int, kind: str = "JPEG") -> bytes:
    """A file with a photograph of one grey, from 0 to 255."""
    return encoded(Image.new("RGB", (60, 40), (brightness,) * 3), kind)
