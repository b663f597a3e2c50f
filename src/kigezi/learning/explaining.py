"""Where in a photograph the model sees the class that it answers."""

from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt


def class_activation_maps(
    model_file: Path, pixels: npt.NDArray[np.uint8], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Grad-CAM of the last feature maps (Selvaraju et al. 2017).

    The head averages each map and weighs the averages by its kernel, so the gradient of
    a class's score is that kernel in every place, and Grad-CAM is the class activation
    map of Zhou et al. (2016, https://arxiv.org/abs/1512.04150). It needs no gradient,
    and so runs with any backend.

    Args:
        model_file: A whole model as `build_model` makes it, with its layers `features`
            and `probabilities`.
        pixels: (images, side, side, 3), RGB from 0 to 255.
        classes: (images,), index of the class to be looked for in each.

    Returns:
        (images, side, side), smoothly enlarged, from 0 (nothing speaks for the class
        there) to 1 (most in this photograph); all 0 where nothing does.
    """
    model = keras.models.load_model(model_file, compile=False)
    below = keras.Model(model.input, model.get_layer("features").input)
    kernel, _ = model.get_layer("probabilities").get_weights()
    maps = below.predict(pixels, verbose=0)
    scores = np.einsum("nhwc,cn->nhw", maps, kernel[:, classes]).clip(0)
    large = keras.ops.image.resize(
        scores[..., None], pixels.shape[1:3], interpolation="bicubic"
    )
    smooth = keras.ops.convert_to_numpy(large)[..., 0].clip(0)
    highest = smooth.max(axis=(1, 2), keepdims=True)
    return (smooth / np.where(highest > 0, highest, 1)).astype(np.float32)
