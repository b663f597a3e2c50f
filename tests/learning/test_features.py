from pathlib import Path

import numpy as np
import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.learning.features import frozen_features
from kigezi.learning.network import Network
from tests.conftest import make_examples, make_recipe

EXAMPLES = make_examples(copies=0)


def test_features_are_what_the_head_sees(tmp_path: Path) -> None:
    store = ModelInputs(tmp_path, 1e9)
    features = np.array(frozen_features(make_recipe(), EXAMPLES, None, store))
    assert features.shape == (16, 1280)
    whole = Network.begin(make_recipe(), EXAMPLES, None).whole
    kernel, bias = whole.get_layer("probabilities").get_weights()
    expected = whole.predict(EXAMPLES.images, verbose=0)
    logits = np.exp(features @ kernel + bias)
    answers = logits / logits.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers, expected, atol=1e-4)


@pytest.mark.usefixtures("small_network")
def test_features_are_computed_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = ModelInputs(tmp_path, 1e9)
    first = frozen_features(make_recipe(), EXAMPLES, None, store)
    caplog.clear()
    with caplog.at_level("INFO"):
        again = frozen_features(make_recipe(), EXAMPLES, None, store)
    assert caplog.text == ""
    np.testing.assert_array_equal(first, again)
