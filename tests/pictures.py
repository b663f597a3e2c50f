"""Photographs and parameters that tests make for themselves."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kigezi.folders import PhotographFolder
from kigezi.schemas import (
    AugmentParameters,
    GroupParameters,
    ImageParameters,
    IngestParameters,
    QualityParameters,
)

PLAIN: dict[str, Any] = {
    "copies": 3,
    "flip_horizontal": 0.5,
    "flip_vertical": 0.5,
    "rotation": 30,
    "shift": 0.1,
    "zoom": [0.9, 1.2],
    "brightness": [0.8, 1.2],
    "contrast": [0.8, 1.2],
    "color": [0.8, 1.2],
    "jpeg_quality": 92,
    "seed": 7,
}


def picture(seed: int = 0, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """A smooth picture that no other seed makes."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size)


def textured(seed: int = 0, size: tuple[int, int] = (200, 200)) -> Image.Image:
    """A picture with light and shade and fine structure, as photographs have them."""
    generator = np.random.default_rng(seed)
    coarse, fine = (
        Image.fromarray(generator.integers(0, 256, (cells, cells, 3), np.uint8))
        for cells in (5, 32)
    )
    return Image.blend(coarse.resize(size), fine.resize(size), 0.4)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a file with the image."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def photograph_files(classes: dict[str, int]) -> dict[str, bytes]:
    """So many different photographs in each class folder, by path."""
    pairs = [
        (label, index) for label, count in classes.items() for index in range(count)
    ]
    return {
        f"{label}/{index:03d}.jpg": encoded(picture(number))
        for number, (label, index) in enumerate(pairs)
    }


def photograph_folder(root: Path, classes: dict[str, int]) -> PhotographFolder:
    """A folder with so many photographs in each class."""
    return PhotographFolder(str(write_tree(root, photograph_files(classes))))


def group_parameters(**changes: Any) -> GroupParameters:
    """When photographs belong together, as the project has it by default."""
    plain = {
        "hash_distance": 10,
        "number_gap": 6,
        "likeness": 0.2,
        "likeness_of_neighbours": 0.07,
        "burst_seconds": 2,
        "series": None,
        "largest": 0.02,
    }
    return GroupParameters.model_validate({**plain, **changes})


def ingest_parameters(**changes: Any) -> IngestParameters:
    """Parameters of ingest that tests need not repeat."""
    plain = {
        "source": "photographs",
        "expected_photographs": None,
        "minimum_side": 16,
        "maximum_megapixels": 1,
        "groups": group_parameters(),
        "split": {"validation": 0.1, "test": 0.2, "seed": 7},
        "drawing": None,
    }
    return IngestParameters.model_validate({**plain, **changes})


def augment_parameters(**changes: Any) -> AugmentParameters:
    """Parameters of augment that tests need not repeat."""
    return AugmentParameters.model_validate({**PLAIN, **changes})


def still_parameters(**changes: Any) -> AugmentParameters:
    """Parameters whose copies equal the photograph, but for the changes."""
    nothing = {name: 0 for name in ("flip_horizontal", "flip_vertical")}
    nothing |= {"rotation": 0, "shift": 0}
    factors = {name: [1, 1] for name in ("zoom", "brightness", "contrast", "color")}
    return augment_parameters(**{**nothing, **factors, **changes})


def image_parameters(size: int = 32, fit: str = "crop") -> ImageParameters:
    """A small working size."""
    return ImageParameters.model_validate({"size": size, "fit": fit})


def quality_parameters(**changes: Any) -> QualityParameters:
    """Parameters of quality that tests need not repeat."""
    plain = {
        "outlier": 4,
        "compared_with": "class",
        "least_sharpness": 5,
        "least_brightness": 0.1,
        "most_brightness": 0.95,
        "most_clipped": 0.5,
        "rare_size": 0.01,
        "shown": 3,
        "folds": 5,
        "seed": 7,
    }
    return QualityParameters.model_validate({**plain, **changes})
