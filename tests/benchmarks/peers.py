"""What other packages make of a folder of photographs, written as their users would.

Each is given photographs in class folders, and writes every photograph at the working
size and three changed copies of it as JPEG files below a target folder. Workers import
this module, so it imports little; a peer is imported when its turn comes.
"""

import contextlib
import dataclasses
import io
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from kigezi.datasets.workers import map_in_processes, usable_processors
from kigezi.photos.augmenting import Augmentation
from kigezi.photos.geometry import Fit, fit
from kigezi.photos.reading import decode

# Each worker would ask the package index for news before its first photograph.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"


@dataclasses.dataclass(frozen=True)
class Task:
    """The photographs and what is to be made of them."""

    folder: Path
    """holds one folder a class"""
    paths: tuple[Path, ...]
    size: int
    """working size in pixels"""
    fit: Fit
    augment: Augmentation


def run_albumentations(task: Task, target: Path, reduction: int = 1) -> None:
    """Albumentations and OpenCV, in as many processes as ours.

    Args:
        task: What to do.
        target: Where to write.
        reduction: OpenCV decodes at full size unless it is told otherwise: 2, 4 or 8.
    """
    _in_processes(partial(_albumentations_one, reduction=reduction), task, target)


def run_albumentations_plainly(task: Task, target: Path) -> None:
    """Albumentations as its first examples show it: each copy from the file.

    It is changed at full size, and made small at the end.
    """
    _in_processes(_albumentations_plain_one, task, target)


def run_pillow(task: Task, target: Path) -> None:
    """Nothing but decoding, resizing and encoding four times: the limit of ours."""
    _in_processes(_pillow_one, task, target)


def run_keras(task: Task, target: Path) -> None:
    """Keras's ImageDataGenerator, which knows neither contrast nor saturation."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    augment = task.augment
    low, high = augment.zoom
    changed = ImageDataGenerator(
        rotation_range=augment.rotation,
        width_shift_range=augment.shift,
        height_shift_range=augment.shift,
        brightness_range=augment.brightness,
        zoom_range=(1 / high, 1 / low),
        horizontal_flip=augment.flip_horizontal > 0,
        vertical_flip=augment.flip_vertical > 0,
        fill_mode="reflect",
    )
    for copy in range(augment.copies + 1):
        batches = _quietly(
            (changed if copy else ImageDataGenerator()).flow_from_directory,
            task.folder,
            target_size=(task.size, task.size),
            interpolation="bilinear",
            keep_aspect_ratio=True,
            shuffle=False,
            save_to_dir=target,
            save_prefix=str(copy),
            save_format="jpeg",
        )
        for _ in range(len(batches)):
            next(batches)


def run_augmentor(task: Task, target: Path) -> None:
    """Augmentor with its own threads; it knows no shift."""
    _quietly(_process_with_augmentor, task, target)


def _process_with_augmentor(task: Task, target: Path) -> None:
    import Augmentor

    size, augment = task.size, task.augment
    plain = Augmentor.Pipeline(str(task.folder), str(target))
    plain.resize(probability=1, width=size, height=size)
    plain.process()
    changed = Augmentor.Pipeline(str(task.folder), str(target))
    # First, for all that follows is then done to few pixels.
    changed.resize(probability=1, width=size, height=size)
    changed.flip_left_right(augment.flip_horizontal)
    changed.flip_top_bottom(augment.flip_vertical)
    changed.rotate_without_crop(1, augment.rotation, augment.rotation)
    changed.zoom(1, *augment.zoom)
    changed.random_brightness(1, *augment.brightness)
    changed.random_contrast(1, *augment.contrast)
    changed.random_color(1, *augment.color)
    for _ in range(augment.copies):
        changed.process()


def _in_processes(
    make: Callable[[Path, Path, Task], None], task: Task, target: Path
) -> None:
    for label in {path.parent.name for path in task.paths}:
        (target / label).mkdir()
    # Without the paths, which every batch would carry to its worker once more.
    settings = dataclasses.replace(task, paths=())
    one = partial(_call, make, target=target, task=settings)
    list(map_in_processes(one, task.paths, usable_processors()))


def _call(
    make: Callable[[Path, Path, Task], None], path: Path, target: Path, task: Task
) -> None:
    make(path, target / path.parent.name / path.stem, task)


def _albumentations_one(path: Path, name: Path, task: Task, reduction: int) -> None:
    import cv2

    how = cv2.IMREAD_COLOR
    if reduction > 1:
        how = getattr(cv2, f"IMREAD_REDUCED_COLOR_{reduction}")
    pixels = _middle(cv2.imread(str(path), how))
    size = (task.size, task.size)
    plain = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    rgb = cv2.cvtColor(plain, cv2.COLOR_BGR2RGB)
    change = _albumentations(task.augment)
    copies = [change(image=rgb)["image"] for _ in range(task.augment.copies)]
    images = [plain, *(cv2.cvtColor(copy, cv2.COLOR_RGB2BGR) for copy in copies)]
    quality = [cv2.IMWRITE_JPEG_QUALITY, task.augment.jpeg_quality]
    for copy, image in enumerate(images):
        cv2.imwrite(f"{name}_{copy}.jpg", image, quality)


def _albumentations_plain_one(path: Path, name: Path, task: Task) -> None:
    import cv2

    change = _albumentations(task.augment)
    size = (task.size, task.size)
    quality = [cv2.IMWRITE_JPEG_QUALITY, task.augment.jpeg_quality]
    for copy in range(task.augment.copies + 1):
        image = _middle(cv2.imread(str(path)))
        if copy:
            rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            image = cv2.cvtColor(change(image=rgb)["image"], cv2.COLOR_RGB2BGR)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        cv2.imwrite(f"{name}_{copy}.jpg", small, quality)


@cache
def _albumentations(augment: Augmentation) -> Callable[..., dict[str, Any]]:
    import albumentations
    import cv2

    # The processes use all cores already; threads of theirs would only be in the way.
    cv2.setNumThreads(1)
    shift = (-augment.shift, augment.shift)
    return albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=augment.flip_horizontal),
            albumentations.VerticalFlip(p=augment.flip_vertical),
            albumentations.Affine(
                scale=augment.zoom,
                translate_percent={"x": shift, "y": shift},
                rotate=(-augment.rotation, augment.rotation),
                keep_ratio=True,
                border_mode=cv2.BORDER_REFLECT,
                p=1,
            ),
            albumentations.ColorJitter(
                brightness=augment.brightness,
                contrast=augment.contrast,
                saturation=augment.color,
                hue=(0, 0),
                p=1,
            ),
        ]
    )


def _middle(pixels: Any) -> Any:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _pillow_one(path: Path, name: Path, task: Task) -> None:
    size = task.size
    image = fit(decode(path.read_bytes(), size), size, task.fit)
    for copy in range(task.augment.copies + 1):
        image.save(f"{name}_{copy}.jpg", quality=task.augment.jpeg_quality)


def _quietly(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The function's result without what it prints."""
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return function(*arguments, **named)
