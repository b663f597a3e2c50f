"""Frozen batch normalization, computed together with the convolution below it.

Normalization that keeps its statistics multiplies each channel by a number and adds
another. Multiplied into the kernel instead, as exporters do when training is over
(section 3.2 of https://arxiv.org/abs/1712.05877), it takes no time at each pixel,
neither forward nor backward, and the results are the same but for rounding. What is
trained is still the kernel itself: its gradient goes through the multiplication.
"""

from typing import Any

import keras
from keras import ops


class FoldedConvolution(keras.layers.Layer):
    """A convolution and the frozen normalization above it, with their own variables."""

    def __init__(
        self,
        convolution: keras.layers.Conv2D | keras.layers.DepthwiseConv2D,
        normalization: keras.layers.BatchNormalization,
        padding: str,
    ) -> None:
        """Share the variables of two layers, whose own flags say what is trained.

        Args:
            convolution: Built, without bias and activation.
            normalization: Built and frozen.
            padding: `same` or `valid`.
        """
        # Without autocast, numbers for a channel are computed in full precision before
        # they are cast: a variance may be too large for a float16.
        super().__init__(
            name=normalization.name, dtype=convolution.dtype_policy, autocast=False
        )
        self.convolution = convolution
        self.normalization = normalization
        self.padding = padding

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) in and out, of the layer's dtype."""
        norm = self.normalization
        scale = norm.gamma * ops.rsqrt(norm.moving_variance + norm.epsilon)
        shift = norm.beta - norm.moving_mean * scale
        if isinstance(self.convolution, keras.layers.DepthwiseConv2D):
            convolve, scale = ops.depthwise_conv, scale[:, None]
        else:
            convolve = ops.conv
        pixels, kernel, shift = (
            ops.cast(array, self.compute_dtype)
            for array in (inputs, self.convolution.kernel * scale, shift)
        )
        strides = self.convolution.strides
        return convolve(pixels, kernel, strides, self.padding) + shift


def fold(model: keras.Model) -> keras.Model:
    """The same function of the same variables, in fewer operations.

    Besides frozen normalization, the padding before a convolution with stride 2 becomes
    part of it: TensorFlow pads `same` as `keras.applications` does by a layer.

    Args:
        model: As `build_model` makes it, or a part of one; who looks up layers by name
            or saves a file does it there.
    """
    makers = {id(layer.output): layer for layer in model.layers}
    folded, absorbed = {}, set()
    for layer in model.layers:
        below = makers.get(id(layer.input))
        if not (_is_frozen_normalization(layer) and _is_bare_convolution(below)):
            continue
        padding = makers.get(id(below.input))
        padded = isinstance(padding, keras.layers.ZeroPadding2D)
        folded[below.name] = FoldedConvolution(
            below, layer, "same" if padded else below.padding
        )
        absorbed |= {layer.name, padding.name} if padded else {layer.name}

    def call(layer: keras.layers.Layer, *inputs: Any, **options: Any) -> Any:
        left_out = layer.name in absorbed and not isinstance(layer, FoldedConvolution)
        return inputs[0] if left_out else layer(*inputs, **options)

    return keras.models.clone_model(
        model,
        clone_function=lambda layer: folded.get(layer.name, layer),
        call_function=call,
    )


def _is_frozen_normalization(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and not layer.trainable


def _is_bare_convolution(layer: keras.layers.Layer | None) -> bool:
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    return isinstance(layer, kinds) and not layer.use_bias
