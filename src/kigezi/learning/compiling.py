"""Whether a network is compiled as a whole before it runs."""

import keras


def compiles_whole() -> bool:
    """Whether XLA compiles what is trained and measured: with JAX, or on a GPU.

    On a processor TensorFlow trains this model 6 times slower with it. Whatever is
    compiled is compiled again for batches of another length, which takes longer than
    many an epoch: 25 s for a training step at 224 px on an NVIDIA H100.
    """
    if keras.backend.backend() == "jax":
        return True
    return keras.backend.backend() == "tensorflow" and bool(
        keras.distribution.list_devices("gpu")
    )
