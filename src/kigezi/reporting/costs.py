"""What each variant would cost if it ran alone."""

import numpy as np
import pandas as pd


def tabulate_costs(leaderboard: pd.DataFrame, images: int) -> pd.DataFrame:
    """Steps up to the epoch whose weights were kept, and the time that they took.

    A study shares work between variants, so that the time that it took says little of
    one of them. Seconds are those of the machine that trained, validation included.

    Args:
        leaderboard: The study's.
        images: Images that each epoch trains on.

    Returns:
        A row a trained variant: stage, variant, trained_weights, seconds_per_step,
        steps (to the best epoch) and seconds.
    """
    table = leaderboard[leaderboard["best_epoch"].notna()].copy()
    steps = np.ceil(images / table["batch_size"])
    table["seconds_per_step"] = table["seconds_per_epoch"] / steps
    table["steps"] = (steps * table["best_epoch"]).astype(int)
    table["seconds"] = table["seconds_per_step"] * table["steps"]
    return table[
        [
            "stage",
            "variant",
            "trained_weights",
            "seconds_per_step",
            "steps",
            "seconds",
        ]
    ]
