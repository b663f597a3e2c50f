import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from kigezi.exporting.familiarity import Familiarity
from tests.coloured_export import SmallExport, coloured, make_coloured_examples
from tests.conftest import make_recipe


def _features(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Few directions that vary much, and a little noise in all."""
    random = np.random.default_rng(seed)
    directions = np.random.default_rng(99).normal(0, 1, (3, width))
    far = random.normal(0, 3, (count, 3)) @ directions
    return (5 + far + random.normal(0, 0.5, (count, width))).astype(np.float32)


@pytest.mark.parametrize(("count", "width"), [(500, 60), (40, 200), (5, 200), (500, 4)])
def test_it_is_the_distance_by_sklearns_precision(count: int, width: int) -> None:
    features, others = _features(count, width), _features(50, width, seed=1)
    kept = min(32, count - 2, width - 1)
    spread = features.std(axis=0)
    spread = spread.clip(0.1 * np.median(spread))
    found = PCA(kept, svd_solver="full").fit((features / spread).astype(np.float64))
    centred = others / spread - found.mean_
    squares = np.einsum("ij,jk,ik->i", centred, found.get_precision(), centred)
    mine = Familiarity.fit(features).of(others)
    np.testing.assert_allclose(mine, -squares / width, rtol=2e-3)


def test_what_it_was_fitted_to_has_about_minus_one() -> None:
    features = _features(2000, 80)
    familiarity = Familiarity.fit(features)
    assert familiarity.of(features).mean() == pytest.approx(-1, abs=0.02)
    assert familiarity.of(_features(2000, 80, 1)).mean() == pytest.approx(-1, abs=0.1)


def test_what_is_unlike_has_less() -> None:
    familiarity = Familiarity.fit(_features(500, 80))
    known = familiarity.of(_features(200, 80, seed=1))
    noise = np.random.default_rng(3).normal(5, 4, (200, 80)).astype(np.float32)
    assert familiarity.of(noise).max() < known.min()


@pytest.mark.parametrize("constant", [slice(0, 20), slice(None)])
def test_features_may_be_constant(constant: slice) -> None:
    features = _features(100, 40)
    features[:, constant] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        familiarity = Familiarity.fit(features)
    assert np.isfinite(familiarity.kernel).all()
    assert np.isfinite(familiarity.of(features)).all()
    assert familiarity.of(features).max() <= 0.01  # but for rounding
    other = familiarity.of(features + 1)
    assert np.isfinite(other).all()
    assert other.max() < familiarity.of(features).min()


def test_few_directions_may_vary() -> None:
    directions = np.random.default_rng(4).normal(0, 1, (3, 200))
    colours = np.random.default_rng(5).normal(0, 1, (300, 3))
    features = (colours @ directions).astype(np.float32)
    told = Familiarity.fit(features[:200]).of(features[200:])
    assert np.all((told > -0.5) & (told < 0.02))


def test_it_is_what_the_exported_graph_computes(small_export: SmallExport) -> None:
    from kigezi.exporting.network import load_final_model, look
    from kigezi.exporting.runtimes import run_file

    images = np.concatenate(
        [coloured(20, seed=8), np.zeros((1, 64, 64, 3), np.uint8), 255 - coloured(9, 9)]
    )
    examples = replace(make_coloured_examples(), images=images)
    model = load_final_model(small_export.final_model, make_recipe())
    _, means = look(model, examples, np.arange(len(images)))
    told = run_file("keras", small_export.models["keras"], images).familiarity
    mine = small_export.calibration.familiarity.of(means)
    np.testing.assert_allclose(told, mine, rtol=1e-3, atol=1e-3)
    assert told[:20].min() > told[20]
