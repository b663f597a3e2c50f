import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kigezi.answering.card import FILES
from kigezi.errors import ConfigurationError
from kigezi.exporting.converting import INT8_OPERATIONS, to_litert
from kigezi.exporting.runtimes import Answers, run_file
from tests.coloured_export import SIZE, SmallExport, coloured

NOISE = np.random.default_rng(6).integers(0, 256, (8, SIZE, SIZE, 3), np.uint8)
IMAGES = np.concatenate([coloured(60, seed=33), NOISE])
FARTHEST = {"float32": 1e-5, "onnx": 1e-5, "float16": 1e-2, "int8": 0.2}


@pytest.fixture(scope="module")
def answers(small_export: SmallExport) -> dict[str, Answers]:
    return {
        kind: run_file(kind, data, IMAGES) for kind, data in small_export.models.items()
    }


@pytest.mark.parametrize("kind", FARTHEST)
def test_every_file_answers_as_keras_does(
    answers: dict[str, Answers], kind: str
) -> None:
    best, mine = answers["keras"], answers[kind]
    known = slice(0, 60)
    assert mine.probabilities.shape == (68, 3)
    assert mine.probabilities.dtype == mine.familiarity.dtype == np.float32
    np.testing.assert_allclose(
        mine.probabilities[known], best.probabilities[known], atol=FARTHEST[kind]
    )
    chosen = [one.probabilities.argmax(axis=1)[known] for one in (mine, best)]
    assert (chosen[0] == chosen[1]).mean() >= 0.95
    np.testing.assert_allclose(mine.probabilities.sum(axis=1), 1, atol=1e-3)
    # What is unlike all that was learnt from is so for every file.
    assert mine.familiarity[known].min() > mine.familiarity[60:].max()


@pytest.mark.parametrize("kind", ["float32", "onnx"])
def test_even_noise_is_answered_alike(answers: dict[str, Answers], kind: str) -> None:
    best, mine = answers["keras"], answers[kind]
    np.testing.assert_allclose(mine.probabilities, best.probabilities, atol=1e-5)
    np.testing.assert_allclose(mine.familiarity, best.familiarity, rtol=1e-3)


def test_images_differ_in_what_is_said_of_them(answers: dict[str, Answers]) -> None:
    for mine in answers.values():
        assert set(mine.probabilities.argmax(axis=1)) == {0, 1, 2}
        assert len(mine.milliseconds) == len(IMAGES)
        assert (mine.milliseconds > 0).all()


def _interpreter(small_export: SmallExport, kind: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=small_export.models[kind], num_threads=1)


@pytest.mark.parametrize("kind", ["float32", "float16", "int8"])
def test_litert_files_take_bytes_and_give_two_named_outputs(
    small_export: SmallExport, kind: str
) -> None:
    signature = _interpreter(small_export, kind).get_signature_runner()
    (image,) = signature.get_input_details().values()
    assert image["dtype"] == np.uint8
    assert image["shape"].tolist() == [1, SIZE, SIZE, 3]
    assert list(signature.get_input_details()) == ["image"]
    outputs = signature.get_output_details()
    assert {name: one["dtype"] for name, one in outputs.items()} == {
        "probabilities": np.float32,
        "familiarity": np.float32,
    }


def test_an_onnx_file_takes_any_number_of_images(small_export: SmallExport) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        small_export.models["onnx"], providers=["CPUExecutionProvider"]
    )
    (image,) = session.get_inputs()
    assert (image.name, image.type) == ("image", "tensor(uint8)")
    names = [output.name for output in session.get_outputs()]
    assert sorted(names) == ["familiarity", "probabilities"]
    for count in (1, 5):
        given = dict(
            zip(names, session.run(names, {"image": IMAGES[:count]}), strict=True)
        )
        assert given["probabilities"].shape == (count, 3)
        assert given["familiarity"].shape == (count, 1)


def test_int8_computes_its_convolutions_in_whole_numbers(
    small_export: SmallExport,
) -> None:
    found = _interpreter(small_export, "int8")
    kinds = {one["index"]: one["dtype"] for one in found.get_tensor_details()}
    counted = Counter()
    for operation in found._get_ops_details():
        inputs = [kinds[index] for index in operation["inputs"] if index in kinds]
        name, outputs = operation["op_name"], operation["outputs"]
        if name in INT8_OPERATIONS:
            counted[name] += 1
            assert all(kinds[index] == np.int8 for index in outputs), name
            assert inputs[0] == inputs[1] == np.int8, name
        if name in ("FULLY_CONNECTED", "SOFTMAX", "MEAN"):
            counted[name] += 1
            assert {*inputs, *(kinds[index] for index in outputs)} <= {
                np.float32,
                np.int32,  # which axes a mean is of
            }, name
    assert counted["CONV_2D"] >= 35
    assert counted["DEPTHWISE_CONV_2D"] == 17
    assert counted["ADD"] >= 10
    assert counted["SOFTMAX"] == 1


def test_smaller_numbers_make_smaller_files(small_export: SmallExport) -> None:
    sizes = {kind: len(data) for kind, data in small_export.models.items()}
    assert 0.45 < sizes["float16"] / sizes["float32"] < 0.6
    assert sizes["int8"] < 0.5 * sizes["float32"]


def test_only_operations_of_the_small_runtime_are_used(
    small_export: SmallExport,
) -> None:
    for kind in ("float32", "float16", "int8"):
        operations = _interpreter(small_export, kind)._get_ops_details()
        names = {operation["op_name"] for operation in operations}
        assert not any(name.startswith("Flex") for name in names)


def test_another_backend_than_tensorflow_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ConfigurationError, match="KERAS_BACKEND=tensorflow") as caught:
        to_litert(model)
    assert "\n" not in caught.value.message


def test_a_keras_file_holds_nothing_that_safe_mode_refuses(
    small_export: SmallExport, tmp_path: Path
) -> None:
    data = small_export.models["keras"]
    with zipfile.ZipFile(BytesIO(data)) as archive:
        config = archive.read("config.json").decode()
    assert "Lambda" not in config
    assert "kigezi." not in config
    (tmp_path / FILES["keras"]).write_bytes(data)
    model = keras.models.load_model(tmp_path / FILES["keras"], safe_mode=True)
    assert sorted(model.output) == ["familiarity", "probabilities"]
