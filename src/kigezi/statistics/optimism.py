"""By how much the best of several flatters itself."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kigezi.records import Trial, Winner
from kigezi.statistics.resampling import groups_of, sums_of_groups

_RESAMPLES = 2000
_SEED = 0


def choice_optimism(
    trials: Sequence[Trial], winner: Winner, groups: pd.Series
) -> float:
    """By how much the best of several looks better than it is, where it is chosen.

    Efron's optimism (1983), of choosing: groups of test photographs are resampled, as
    many as make up what the winner was chosen on, the best variant on them is chosen,
    and its accuracy on them is compared with that on all.

    Args:
        trials: The variants of one stage.
        winner: The stage's.
        groups: Group by photo_id: photographs of one subject have the same.

    Returns:
        The mean, a fraction; 0 where there is nothing to choose between.
    """
    distinct = {(t.result.key, t.result.best_epoch): t for t in trials}
    answered = [trial for trial in distinct.values() if len(trial.predictions)]
    if winner.result is None or len(answered) < 2:
        return 0.0
    of = groups_of(answered[0].predictions, groups)
    right = np.stack([t.predictions["correct"] for t in answered], axis=1)
    sums = sums_of_groups(right.astype(float), of)
    sizes = sums_of_groups(np.ones(len(of)), of)
    chosen_on = winner.result.assignment.protocol.choose_on
    share = winner.result.mean(chosen_on).photographs / len(of)
    drawn = max(1, round(share * len(sizes)))
    rng = np.random.default_rng(_SEED)
    times = rng.multinomial(drawn, np.full(len(sizes), 1 / len(sizes)), _RESAMPLES)
    seen = (times @ sums) / (times @ sizes)[:, None]
    # Ties are broken by chance, not by the order of the file.
    chosen = (seen + 1e-9 * rng.random(seen.shape)).argmax(axis=1)
    true = sums.sum(axis=0) / sizes.sum()
    return float((seen[np.arange(_RESAMPLES), chosen] - true[chosen]).mean())
