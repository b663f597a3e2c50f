"""Describe the augmented dataset; the catalog's entry makes and stores it."""

import pandas as pd

from kigezi.folders import PhotographLibrary
from kigezi.photos.building import DatasetBuild, plan_build
from kigezi.schemas import AugmentParameters, ImageParameters


def augment_photographs(
    ledger: pd.DataFrame,
    photographs: PhotographLibrary,
    source: str,
    image: ImageParameters,
    augment: AugmentParameters,
) -> DatasetBuild:
    """What to make of the kept photographs; saving it does the work, or finds it done.

    Args:
        ledger: One row a file, from ingest.
        photographs: The library of photographs.
        source: Where in the library the ledger's files are.
        image: Working size and shape.
        augment: Number and ranges of the changed copies.
    """
    return plan_build(ledger, photographs.open(source), image, augment)
