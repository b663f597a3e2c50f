import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import softmax

from kigezi.errors import DataError
from kigezi.exporting.converting import to_keras
from kigezi.exporting.network import load_final_model, look
from kigezi.learning.backbone import build_model
from tests.coloured_export import SmallExport, make_coloured_examples
from tests.conftest import make_recipe

EXAMPLES = make_coloured_examples(train=6, held_out=3)
ALONE = """
import sys
import keras, numpy
try:
    import kigezi
except ModuleNotFoundError:
    pass
else:
    sys.exit("this process knows kigezi")
model = keras.models.load_model(sys.argv[1], safe_mode=True)
answer = model.predict(numpy.load(sys.argv[2]), verbose=0)
numpy.savez(sys.argv[3], **answer)
"""


def test_the_shipped_model_divides_logits_by_the_temperature(
    small_export: SmallExport,
) -> None:
    final = load_final_model(small_export.final_model, make_recipe())
    rows = np.arange(12)
    logits, maps = look(final, EXAMPLES, rows)
    assert maps.shape == (12, 528)  # of five layers
    softened = softmax(logits / small_export.card.doubt.temperature, axis=1)
    answers = _answers(small_export)
    np.testing.assert_allclose(answers["probabilities"], softened, atol=1e-5)
    plain = final.predict(EXAMPLES.images, verbose=0)
    np.testing.assert_allclose(softmax(logits, axis=1), plain, atol=1e-5)
    assert small_export.card.doubt.temperature != pytest.approx(1, abs=0.01)


def _answers(small_export: SmallExport) -> dict[str, np.ndarray]:
    from kigezi.exporting.runtimes import run_file

    found = run_file("keras", small_export.models["keras"], EXAMPLES.images)
    return {"probabilities": found.probabilities, "familiarity": found.familiarity}


def test_a_model_in_mixed_precision_becomes_one_in_float32() -> None:
    recipe = make_recipe(precision="mixed_bfloat16")
    trained = build_model(recipe, 32, 2, None)
    assert trained.get_layer("Conv1").compute_dtype == "bfloat16"
    plain = load_final_model(to_keras(trained), recipe)
    assert {layer.compute_dtype for layer in plain.layers} == {"float32"}
    pairs = zip(plain.get_weights(), trained.get_weights(), strict=True)
    assert all(np.array_equal(mine, theirs) for mine, theirs in pairs)
    assert plain.input.dtype == "uint8"


def test_a_model_of_another_study_is_not_taken_in_silence() -> None:
    trained = build_model(make_recipe(alpha=0.5), 32, 2, None)
    with pytest.raises(ValueError, match="shape"):
        load_final_model(to_keras(trained), make_recipe(alpha=0.35))


def test_it_loads_where_the_project_is_not_installed(
    tmp_path: Path, small_export: SmallExport
) -> None:
    names = ("model.keras", "images.npy", "answers.npz")
    paths = [str(tmp_path / name) for name in names]
    Path(paths[0]).write_bytes(small_export.models["keras"])
    np.save(paths[1], EXAMPLES.images)
    # -S leaves out what was installed for editing, -P the folder of the test.
    packages = str(Path(keras.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", ALONE, *paths],
        env=os.environ | {"PYTHONPATH": packages},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, mine = np.load(paths[2]), _answers(small_export)
    np.testing.assert_allclose(found["probabilities"], mine["probabilities"], atol=1e-5)
    np.testing.assert_allclose(
        found["familiarity"][:, 0], mine["familiarity"], rtol=1e-3
    )


@pytest.mark.parametrize("damage", [slice(-1), slice(200, None), slice(0)])
def test_a_damaged_model_is_a_sentence(
    small_export: SmallExport, damage: slice
) -> None:
    with pytest.raises(DataError, match=r"final_model\.keras is damaged: run"):
        load_final_model(small_export.final_model[damage], make_recipe())
