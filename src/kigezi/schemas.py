"""A Pydantic model for every block of parameters.

The docstring under a field is shown to the user when the field's value is not
allowed, so it says what the field means, its unit and its range.
"""

import re
from copy import copy
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    Strict,
    create_model,
)
from pydantic.fields import FieldInfo

BACKBONE_LAYERS = 154
"""Layers of Keras's MobileNetV2 without its top, the input layer included."""

Whole = Annotated[int, Strict()]
Seed = Annotated[Whole, Field(ge=0, lt=2**32)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Block(BaseModel):
    """A frozen block of parameters that refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


def _check_rising(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("the first number should not be above the second")
    return value


def _check_unfreeze(value: Any) -> Any:
    known = value in ("none", "all")
    layers = type(value) is int and 1 <= value <= BACKBONE_LAYERS
    if not (known or layers):
        raise ValueError(
            f"it should be none, all, or a whole number from 1 to {BACKBONE_LAYERS}"
        )
    return value


class ImageParameters(Block):
    """The working size and shape of an image: to store, to train and to predict."""

    size: Annotated[Whole, Field(ge=32, le=1024)]
    """side of the square image in pixels, a whole number from 32 to 1024"""
    fit: Literal["crop", "pad", "squash"]
    """how a photograph is made square: crop, pad or squash"""


class SplitParameters(Block):
    """Fractions of the photographs for validation and test; the rest is trained on."""

    validation: Annotated[float, Field(ge=0.05, le=0.4)]
    """fraction of the photographs that choose the winner, from 0.05 to 0.4"""
    test: Annotated[float, Field(ge=0.05, le=0.4)]
    """fraction of the photographs that only judge the result, from 0.05 to 0.4"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides the order"""


class DrawingParameters(Block):
    """Photographs that the project draws itself, so that a demo needs none."""

    photographs: Annotated[Whole, Field(ge=30, le=100_000)]
    """how many photographs are drawn, a whole number from 30 to 100000"""
    size: Annotated[Whole, Field(ge=32, le=2048)]
    """shorter side of a drawn photograph in pixels, from 32 to 2048"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides what is drawn"""


def _check_pattern(value: str | None) -> str | None:
    if value is not None:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"it is no regular expression ({error})") from None
        if not groups:
            raise ValueError("it should hold a part in parentheses, as in (leaf\\d+)_")
    return value


class GroupParameters(Block):
    """When photographs show one subject, so that they have to stay in one split."""

    hash_distance: Annotated[Whole, Field(ge=0, le=16)]
    """bits of 64 in which perceptual hashes may differ to be compared, from 0 to 16"""
    number_gap: Annotated[Whole, Field(ge=0, le=100)]
    """steps between numbers in file names to be compared, from 0 (none) to 100"""
    likeness: Annotated[float, Field(gt=0, le=1)]
    """likeness from which look-alikes show one subject, above 0 (chance), up to 1"""
    likeness_of_neighbours: Annotated[float, Field(gt=0, le=1)]
    """the same for files whose numbers are close, above 0, up to 1"""
    burst_seconds: Annotated[float, Field(ge=0, le=3600)] | None
    """seconds within which one camera photographs one subject, to 3600, or null"""
    series: Annotated[str | None, AfterValidator(_check_pattern)]
    """null, or a regular expression with a part in parentheses that names a subject"""
    largest: Annotated[float, Field(gt=0, le=1)]
    """largest fraction of a class that one group may be, above 0, up to 1"""


class IngestParameters(Block):
    """Where the photographs are and how they are checked and split."""

    source: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
    """a folder of class folders, or a .zip, .tar, .tar.gz, .tgz, .tar.bz2 or .tar.xz"""
    expected_photographs: Annotated[Whole, Field(ge=1)] | None
    """how many photographs are expected; another number is said, not refused"""
    minimum_side: Annotated[Whole, Field(ge=1, le=1024)]
    """shortest side of a usable photograph in pixels, from 1 to 1024"""
    maximum_megapixels: Annotated[float, Field(ge=1, le=1000)]
    """largest usable photograph in millions of pixels, from 1 to 1000"""
    groups: GroupParameters
    """when photographs show one subject and have to stay together"""
    split: SplitParameters
    """the fractions of the photographs for validation and test, and their seed"""
    drawing: DrawingParameters | None
    """null, or what to draw into the source folder when it is not there yet"""


Factor = Annotated[
    tuple[
        Annotated[float, Field(ge=0.1, le=10)], Annotated[float, Field(ge=0.1, le=10)]
    ],
    AfterValidator(_check_rising),
]


class AugmentParameters(Block):
    """The chance and range of every change that makes a copy of a photograph."""

    copies: Annotated[Whole, Field(ge=0, le=15)]
    """changed copies of each photograph besides the photograph itself, from 0 to 15"""
    flip_horizontal: Annotated[float, Field(ge=0, le=1)]
    """chance of a left-right mirror image, from 0 (never) to 1 (always)"""
    flip_vertical: Annotated[float, Field(ge=0, le=1)]
    """chance of an upside-down mirror image, from 0 (never) to 1 (always)"""
    rotation: Annotated[float, Field(ge=0, le=180)]
    """largest turn to either side in degrees, from 0 to 180"""
    shift: Annotated[float, Field(ge=0, le=0.5)]
    """largest shift to any side as a fraction of the image's side, from 0 to 0.5"""
    zoom: Factor
    """smallest and largest magnification as [low, high], each from 0.1 to 10"""
    brightness: Factor
    """smallest and largest brightness factor as [low, high], each from 0.1 to 10"""
    contrast: Factor
    """smallest and largest contrast factor as [low, high], each from 0.1 to 10"""
    color: Factor
    """smallest and largest saturation factor as [low, high], each from 0.1 to 10"""
    jpeg_quality: Annotated[Whole, Field(ge=50, le=100)]
    """JPEG quality of the stored images, a whole number from 50 to 100"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides every random change"""


Unfreeze = Annotated[Literal["none", "all"] | int, BeforeValidator(_check_unfreeze)]
LearningRate = Annotated[float, Field(gt=0, le=10)]


class Recipe(Block):
    """Everything that decides one training: a variant with nothing left open."""

    unfreeze: Unfreeze
    """layers of the backbone that are trained, from the top: none, all or 1 to 154"""
    learning_rate: LearningRate
    """step size of the optimizer, a number above 0 and at most 10"""
    learning_rate_decay: Annotated[float, Field(gt=0, le=1)]
    """factor on the learning rate after each epoch, above 0; 1 keeps it as it is"""
    batch_size: Annotated[Whole, Field(ge=1, le=4096)]
    """images a training step, a whole number from 1 to 4096"""
    optimizer: Literal["adam", "rmsprop", "sgd"]
    """adam, rmsprop or sgd, with Keras's defaults besides the learning rate"""
    epochs: Annotated[Whole, Field(ge=1, le=10_000)]
    """largest number of passes over the training images, from 1 to 10000"""
    patience: Annotated[Whole, Field(ge=1, le=1000)]
    """epochs without a lower validation loss before training stops, from 1 to 1000"""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """fraction of the features dropped before the dense layer, from 0 to below 1"""
    batch_norm: Literal["frozen", "train"]
    """frozen keeps every batch normalization layer; train trains those unfrozen"""
    batch_norm_momentum: Annotated[float, Field(ge=0, lt=1)]
    """share of a trained layer's old statistics kept at each step, 0 to below 1"""
    weights: Annotated[str, Field(min_length=1)]
    """imagenet, bundled, random, or the path of a local .weights.h5 or .h5 file"""
    alpha: Literal[0.35, 0.5, 0.75, 1.0, 1.3, 1.4]
    """width of MobileNetV2: 0.35, 0.5, 0.75, 1.0, 1.3 or 1.4"""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    """what layers compute in: float32, or mixed_bfloat16 or mixed_float16 on a GPU"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides the head, order and dropout"""

    @property
    def opened_layers(self) -> int:
        """How many layers of the backbone are trained, from the top: 0 to 154."""
        named = {"none": 0, "all": BACKBONE_LAYERS}
        return int(named.get(str(self.unfreeze), self.unfreeze))

    @property
    def effective_batch_norm(self) -> str:
        """With nothing unfrozen there is none to train: both settings are one."""
        return self.batch_norm if self.opened_layers else "frozen"


def _optional(field: FieldInfo) -> FieldInfo:
    """The same field, which may be left out."""
    field = copy(field)
    field.default = None
    return field


Changes = create_model(
    "Changes",
    __base__=Block,
    __doc__="What one variant changes of the recipe that its stage starts from.",
    **{
        name: (field.annotation, _optional(field))
        for name, field in Recipe.model_fields.items()
    },
)


def _check_stage_names(stages: dict[str, Any]) -> dict[str, Any]:
    if "final" in stages:
        raise ValueError("the stage name final is taken by the final model")
    return stages


def _drop_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value


class StageChanges(
    RootModel[
        Annotated[dict[Name, Changes], BeforeValidator(_drop_null), Field(min_length=1)]
    ]
):
    """The variants of a stage by name; a variant that is null is dropped."""

    model_config = ConfigDict(frozen=True)


class Stages(
    RootModel[
        Annotated[
            dict[Name, StageChanges],
            BeforeValidator(_drop_null),
            AfterValidator(_check_stage_names),
            Field(min_length=1),
        ]
    ]
):
    """The stages by name, in their order; a stage that is null is dropped."""

    model_config = ConfigDict(frozen=True)


def _check_distinct(value: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(value)) < len(value):
        raise ValueError("each number should stand there once")
    return value


class Protocol(Block):
    """What is trained on, chosen on and judged on."""

    split: Literal["photographs", "images"] = "photographs"
    """photographs are split before they are augmented, or images after: that leaks"""
    choose_on: Literal["validation", "test"] = "validation"
    """the split on which winners are chosen: validation, or test, which flatters"""

    @property
    def honest(self) -> bool:
        """Whether nothing that is judged on was trained on or chosen on."""
        return self == Protocol()

    @property
    def unit(self) -> str:
        """What figures are counted of."""
        return self.split

    @property
    def words(self) -> str:
        """What every table and title says of it."""
        when = {"photographs": "before", "images": "after"}[self.split]
        label = "" if self.honest else "NOT HONEST, for comparison only: "
        return f"{label}split {when} augmentation, chosen on {self.choose_on}"


class TuneParameters(Block):
    """The baseline recipe and the stages that change it one after the other."""

    protocol: Protocol = Protocol()
    """how images are split and winners are chosen"""
    baseline: Recipe
    """the recipe that the first stage starts from"""
    seeds: (
        Annotated[
            tuple[Seed, ...], Field(min_length=1), AfterValidator(_check_distinct)
        ]
        | None
    )
    """null, or a list like [0, 1, 2]: every variant is trained with each of them"""
    stages: Stages
    """the stages in their order, each with its variants; names like top_10"""


class LeakageParameters(Block):
    """One recipe that is trained with three ways of splitting the same images."""

    seeds: Annotated[
        tuple[Seed, ...], Field(min_length=2), AfterValidator(_check_distinct)
    ]
    """a list like [0, 1, 2, 3, 4]: each is a split and a training of each way"""
    changes: Changes  # type: ignore[valid-type]
    """what the recipe changes of tune.baseline, as in a variant: {unfreeze: 20}"""


class PretrainParameters(Block):
    """The drawn images that a backbone is pretrained on, and the recipe."""

    images: Annotated[Whole, Field(ge=1000, le=1_000_000)]
    """how many images are drawn, a whole number from 1000 to 1000000"""
    size: Annotated[Whole, Field(ge=32, le=224)]
    """side of a drawn image in pixels, from 32 to 224"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides what is drawn"""
    recipe: Recipe
    """how the backbone is trained on them"""


class SearchParameters(Block):
    """Depth and learning rate explored together, with all else as in the baseline."""

    trials: Annotated[Whole, Field(ge=2, le=10_000)]
    """recipes that are tried in all, a whole number from 2 to 10000"""
    unfreeze: Annotated[tuple[Unfreeze, ...], Field(min_length=1)]
    """depths to choose from, as in a variant: [none, 10, 20, all]"""
    learning_rate: Annotated[
        tuple[LearningRate, LearningRate], AfterValidator(_check_rising)
    ]
    """lowest and highest learning rate as [low, high], above 0 and at most 10"""
    pruner: Literal["median", "successive_halving", "none"]
    """what ends recipes that fall behind: median, successive_halving or none"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides what is tried"""


VersionName = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]


class DiffParameters(Block):
    """Which two versions of the augmented dataset are compared."""

    old: VersionName | None
    """a folder's name in data/04_feature/augmented; null is the one before the new"""
    new: VersionName | None
    """a folder's name in data/04_feature/augmented; null is the newest"""


Share = Annotated[float, Field(ge=0, le=1)]


class QualityParameters(Block):
    """Which photographs are flagged, and how shortcuts are looked for."""

    outlier: Annotated[float, Field(ge=1, le=100)]
    """robust standard deviations from the median that are too far, from 1 to 100"""
    compared_with: Literal["class", "dataset"]
    """what a photograph is compared with: its class, or the whole dataset"""
    least_sharpness: Annotated[float, Field(ge=0)] | None
    """variance of the Laplacian below which one is blurred, 0 or more, or null"""
    least_brightness: Share | None
    """mean brightness below which one is dark, from 0 to 1, or null for no bound"""
    most_brightness: Share | None
    """mean brightness above which one is too bright, from 0 to 1, or null"""
    most_clipped: Share | None
    """share of black and white pixels that is too much, from 0 to 1, or null"""
    rare_size: Share
    """share of the photographs below which a size or shape is odd, from 0 to 1"""
    shown: Annotated[Whole, Field(ge=1, le=20)]
    """photographs of each kind in the picture, a whole number from 1 to 20"""
    folds: Annotated[Whole, Field(ge=2, le=20)]
    """parts that are predicted from the others, a whole number from 2 to 20"""
    seed: Seed
    """a whole number from 0 to 4294967295 that decides the folds and the trees"""


Points = Annotated[float, Field(ge=0, le=100)]


class UnknownParameters(Block):
    """Photographs that show none of the classes, to try the "unsure" on."""

    source: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)] | None
    """null, or a folder or archive of photographs that show none of the classes"""
    drawn: Annotated[Whole, Field(ge=20, le=10_000)]
    """images of other things that are drawn besides, a whole number from 20 to 10000"""


class PointsLost(Block):
    """Points of test accuracy that each kind of file may lose."""

    float32: Points = 0.0
    """points of test accuracy that the float32 file may lose, from 0 to 100"""
    float16: Points = 0.0
    """points of test accuracy that the float16 file may lose, from 0 to 100"""
    int8: Points = 0.0
    """points of test accuracy that the int8 file may lose, from 0 to 100"""
    onnx: Points = 0.0
    """points of test accuracy that the ONNX file may lose, from 0 to 100"""


class Budgets(Block):
    """What an exported file may lose and weigh; past it nothing is shipped."""

    points_lost: PointsLost
    """points of test accuracy that each kind may lose"""
    megabytes: Annotated[float, Field(gt=0)] | None
    """largest size of a file in millions of bytes, above 0, or null"""
    median_ms: Annotated[float, Field(gt=0)] | None
    """longest median time for an image in milliseconds, above 0, or null"""


class ExportParameters(Block):
    """What is shipped of the final model, and when it may answer."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """what the model is called in its card and on its page, up to 80 characters"""
    risk: Annotated[float, Field(gt=0, lt=1)]
    """fraction of the answers that may be wrong, above 0 and below 1"""
    certainty: Annotated[float, Field(ge=0.5, lt=1)]
    """probability that this holds, from 0.5 to below 1"""
    refused: Annotated[float, Field(ge=0, le=0.5)]
    """fraction of the known photographs that may be called unfamiliar, 0 to 0.5"""
    calibration_images: Annotated[Whole, Field(ge=10, le=100_000)]
    """training images that set the ranges of int8, a whole number from 10 to 100000"""
    unknown: UnknownParameters
    """photographs that show none of the classes"""
    budgets: Budgets
    """what an exported file may lose and weigh"""


class PredictParameters(Block):
    """Which photographs are answered for, and by which file."""

    source: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)] | None
    """a folder or archive of photographs; or null, which is refused when predicting"""
    model: Literal["float32", "float16", "int8"]
    """which LiteRT file answers: float32, float16 or int8"""
    shown: Annotated[Whole, Field(ge=1, le=500)]
    """photographs in the picture sheet, a whole number from 1 to 500"""


class AppParameters(Block):
    """What the page that classifies in a browser is made of."""

    model: Literal["float32", "float16", "int8"]
    """which LiteRT file the page runs: float32, float16 or int8"""
    texts: Annotated[str, Field(min_length=1)] | None
    """null for English, or a JSON file with a translation of the page's texts"""
    runtime: Annotated[str, Field(min_length=1)] | None
    """null: npm fetches the runtime; or a folder with its .tgz files"""


def _check_address(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"(tcp|tls)://\S+:\d+", value):
        raise ValueError("it is no address like tcp://host:8786")
    return value


class DaskParameters(Block):
    """The cluster that trains when `kedro run` is given the DaskRunner."""

    scheduler: Annotated[str | None, AfterValidator(_check_address)]
    """null for processes of this machine, or an address like tcp://host:8786"""
    workers: Annotated[Whole, Field(ge=1, le=256)]
    """processes of this machine that train if scheduler is null, from 1 to 256"""
    resources: dict[str, Annotated[float, Field(gt=0)]]
    """what a training takes of a worker, as in {GPU: 1}, or {}"""


class Parameters(Block):
    """All that stands in the parameters files."""

    image: ImageParameters
    ingest: IngestParameters
    augment: AugmentParameters
    tune: TuneParameters
    leakage: LeakageParameters
    pretrain: PretrainParameters
    diff: DiffParameters
    quality: QualityParameters
    search: SearchParameters
    export: ExportParameters
    predict: PredictParameters
    app: AppParameters
    dask: DaskParameters


class Globals(Block):
    """All that stands in globals.yml."""

    seed: Seed
    """a whole number from 0 to 4294967295 for everything that is random"""
    workers: Annotated[Whole, Field(ge=1, le=256)] | None
    """processes that work on photographs, from 1 to 256, or null for one a core"""
    threads: Annotated[Whole, Field(ge=1, le=256)] | None
    """threads that train, from 1 to 256, or null for one a physical core"""
    study: Name
    """name of the study's folders: lower-case letters, digits and _"""
