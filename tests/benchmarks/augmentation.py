"""How fast photographs become 4 images each, next to what other packages need.

    python -m tests.benchmarks.augmentation
    python -m tests.benchmarks.augmentation --folder path/to/photographs

The other packages come with `pip install -e ".[bench]"`; the row of one that is missing
says so. There is a table for photographs of 256 px, as public data sets have them, and
one for 12 megapixels, as phones make them. Every row reads the same JPEG files and
writes each photograph at 224 px and three changed copies as JPEG files into an empty
folder; it is an error if one does not.

Why the comparison is fair:

- Ours is the whole of `AugmentedDataset.save` with the settings of conf/base. It also
  checks the sha256 of every photograph, hashes every image twice, writes the manifest
  and waits until all is on the disk. Nobody else does, and nobody is charged for it.
- Albumentations and the limit start as many processes as ours, in the same way, and the
  start counts for all. What this process imports counts for nobody.
- Albumentations has up to three rows. As its first examples show it, each copy is read
  from the file, changed and then made small. Written with care, it decodes once a
  photograph and works on the small image. OpenCV decodes at full size unless it is
  told what to do; the row `told to` is told by somebody who knows the size of the
  photographs beforehand. Ours finds out by itself.
- Keras and Augmentor can only go through the folder once a copy. Keras knows neither
  contrast nor saturation, Augmentor no shift: they do less. Neither lets choose the
  quality: they save at 75, smaller and faster than the 92 of the others.
- Ours moves with the mean of 4 samples a pixel of the decoded photograph,
  Albumentations and Keras with a linear filter on the small image, their default, which
  is no truer; Augmentor with a bicubic one.
- `The limit` decodes as ours does, resizes and encodes, and changes nothing.
- All rows take turns, and the disk is idle when each starts.

No time is asserted, for machines differ; compare the ratios. Where other programs run
meanwhile, the processor seconds, which they disturb less, tell more.
"""

import argparse
import importlib
import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from kedro.config import OmegaConfigLoader
from kedro.io import Version
from PIL import Image

from kigezi.configuration import load_parameters
from kigezi.datasets.augmented import AugmentedDataset
from kigezi.datasets.workers import usable_processors
from kigezi.folders import PhotographFolder
from kigezi.photos.building import DatasetBuild, plan_build
from kigezi.photos.splitting import mark_duplicates
from kigezi.photos.surveying import Limits, survey
from kigezi.quiet import import_keras, silence_other_packages
from kigezi.schemas import Parameters
from kigezi.settings import CONFIG_LOADER_ARGS
from tests.benchmarks import peers
from tests.benchmarks.pictures import LARGE, SMALL, copy_photographs, draw_photographs
from tests.benchmarks.table import (
    Cost,
    Row,
    cost_of,
    is_installed,
    markdown,
    run_in_turn,
)

Work = Callable[[Path], None]

LARGE_ONES = "12 megapixels"
"""title of the table whose rows take minutes"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each size of photographs, or one for the user's own."""
    options = _parse(arguments)
    silence_other_packages()
    logging.disable(logging.INFO)
    _import_peers()
    for title, fill in _sources(options).items():
        with TemporaryDirectory(prefix="kigezi-benchmark-") as folder:
            source = Path(folder, "photographs")
            fill(source)
            repeats = options.large_repeats if title == LARGE_ONES else options.repeats
            sys.stdout.write(_compare(title, source, repeats) + "\n\n")
            sys.stdout.flush()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = partial(parser.add_argument, type=int)
    add("--repeats", default=5, help="runs of every row (5)")
    add("--large-repeats", default=3, help="the same, with 12 megapixels (3)")
    add("--photographs", default=1000, help="of 256 px, or of --folder; 0: none (1000)")
    add("--large", default=128, help="photographs of 12 megapixels; 0: none (128)")
    add("--folder", type=Path, help="take the JPEG files below this folder instead")
    return parser.parse_args(arguments)


def _sources(options: argparse.Namespace) -> dict[str, Work]:
    """What fills a folder with photographs, by the title of its table."""
    small, large, own = options.photographs, options.large, options.folder
    if own:
        return {own.resolve().name: partial(copy_photographs, source=own, count=small)}
    drawn = {
        "256 px": partial(draw_photographs, count=small, size=SMALL),
        LARGE_ONES: partial(draw_photographs, count=large, size=LARGE),
    }
    return {title: fill for title, fill in drawn.items() if fill.keywords["count"]}


def _import_peers() -> None:
    """Imports are no part of the work, so they are done before any clock runs."""
    import_keras()
    for module in ("keras.src.legacy.preprocessing.image", "Augmentor"):
        if is_installed(module):
            importlib.import_module(module)


def _compare(title: str, folder: Path, repeats: int) -> str:
    build, reduction = _plan(folder, _parameters())
    make = build.make.keywords
    paths = tuple(folder / path for path in build.photographs["path"])
    task = peers.Task(folder, paths, make["size"], make["how"], make["augment"])
    images = len(paths) * (task.augment.copies + 1)
    rows = [
        Row(what, partial(_time, work, task) if there else None)
        for what, work, there in _rows(build, task, reduction)
    ]
    run_in_turn(rows, repeats)
    return (
        f"**{title}**: {len(paths):,} photographs, {images:,} images of "
        f"{task.size} px, {repeats} repeats, {usable_processors()} processes\n\n"
        + markdown(rows, images, "images")
    )


def _parameters() -> Parameters:
    conf = Path(__file__).parents[2] / "conf"
    loader = OmegaConfigLoader(str(conf), "base", **CONFIG_LOADER_ARGS)
    return load_parameters(loader)


def _plan(folder: Path, parameters: Parameters) -> tuple[DatasetBuild, int]:
    """Our build of all photographs, and at which fraction they could be decoded.

    What `ingest` would not keep is deleted, so that everybody works on the same files.
    """
    source, ingest = PhotographFolder(str(folder)), parameters.ingest
    limits = Limits(ingest.maximum_megapixels, ingest.minimum_side)
    ledger = mark_duplicates(survey(source, limits))
    kept = ledger["status"] == "kept"
    for path in ledger.loc[~kept, "path"]:
        (folder / path).unlink()
    shortest = ledger.loc[kept, ["width", "height"]].min(axis=None)
    fractions = [n for n in (8, 4, 2) if shortest >= 2 * n * parameters.image.size]
    build = plan_build(
        ledger.assign(split="train"), source, parameters.image, parameters.augment
    )
    return build, max(fractions, default=1)


def _rows(
    build: DatasetBuild, task: peers.Task, reduction: int
) -> list[tuple[str, Work, bool]]:
    """What is compared: its name, what does it, and whether it is installed."""
    fast = is_installed("albumentations", "cv2")
    scipy = is_installed("scipy")
    name = "Albumentations + OpenCV"
    rows = [
        ("ours", partial(_run_ours, build), True),
        (
            f"{name}, each copy from the file",
            partial(peers.run_albumentations_plainly, task),
            fast,
        ),
        (f"{name}, decoded once", partial(peers.run_albumentations, task), fast),
        ("Keras ImageDataGenerator", partial(peers.run_keras, task), scipy),
        ("Augmentor", partial(peers.run_augmentor, task), is_installed("Augmentor")),
        ("the limit: Pillow, no changes", partial(peers.run_pillow, task), True),
    ]
    if reduction > 1:
        told = partial(peers.run_albumentations, task, reduction=reduction)
        rows.insert(3, (f"{name}, told to decode at 1/{reduction}", told, fast))
    return rows


def _run_ours(build: DatasetBuild, target: Path) -> None:
    dataset = AugmentedDataset(filepath=str(target), version=Version(None, None))
    dataset.save(build)


def _time(work: Work, task: peers.Task) -> Cost:
    """Cost of the work into an empty folder; what it wrote is checked afterwards."""
    target = Path(mkdtemp(dir=task.folder.parent))
    if hasattr(os, "sync"):  # nobody waits for the files of the one before
        os.sync()
    cost = cost_of(partial(work, target))
    _check(work, task, target)
    shutil.rmtree(target)
    return cost


def _check(work: Work, task: peers.Task, target: Path) -> None:
    suffixes = (".jpg", ".jpeg")
    found = [path for path in target.rglob("*") if path.suffix.lower() in suffixes]
    expected = len(task.paths) * (task.augment.copies + 1)
    if len(found) != expected:
        raise RuntimeError(f"{work} wrote {len(found)} images instead of {expected}")
    for path in found:
        with Image.open(path, formats=["JPEG"]) as image:
            if image.size != (task.size, task.size):
                raise RuntimeError(f"{work} wrote {path.name} with {image.size} pixels")


if __name__ == "__main__":
    main()
