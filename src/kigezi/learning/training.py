"""One training: epoch by epoch, resumable, the same bits whether interrupted or not.

`EarlyStopping` and `BackupAndRestore` of Keras forget patience and best weights when a
training is resumed, and no Keras checkpoint holds a dropout layer's random state. Here
an epoch depends only on the state before it: its order and its dropout are drawn from
(seed, epoch), and patience is read off the history. So a budget of epochs is a prefix
of a longer training of the same recipe, which is trained once for all its budgets.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import keras
import numpy as np
import numpy.typing as npt

from kigezi.learning.batches import batches_of
from kigezi.learning.budgets import best_epoch, is_over
from kigezi.learning.evaluating import measure, predict
from kigezi.learning.examples import Examples, dropout_state, epoch_order
from kigezi.records import Epoch
from kigezi.schemas import Recipe
from kigezi.stopping import finishing

Arrays = dict[str, npt.NDArray[np.generic]]


class Checkpoint(Protocol):
    """Where a training is kept between epochs."""

    def history(self) -> list[Epoch]:
        """The epochs that are done, first to last."""

    def state(self) -> Arrays:
        """Model and optimizer after the last epoch."""

    def save(self, history: Sequence[Epoch], state: Arrays, best: Arrays) -> None:
        """Keep one more epoch; `best` is empty unless it is the best so far."""


def optimizer_of(recipe: Recipe) -> keras.optimizers.Optimizer:
    """The recipe's optimizer with Keras's defaults besides the learning rate.

    With float16, whose smallest numbers are not small enough for gradients, it scales
    the loss: https://keras.io/api/mixed_precision
    """
    kinds = {
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }
    optimizer = kinds[recipe.optimizer](learning_rate=recipe.learning_rate)
    if recipe.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def forget(optimizer: keras.optimizers.Optimizer) -> None:
    """Put an optimizer into the state in which `compile_for` leaves it."""
    for variable in optimizer.variables:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.dynamic_scale.assign(optimizer.initial_scale)


def compile_for(model: keras.Model, recipe: Recipe) -> None:
    """Prepare a model for training, with an optimizer that remembers nothing yet."""
    model.compile(
        optimizer_of(recipe),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=_compiles_whole(),
        auto_scale_loss=False,
    )
    # TensorFlow traces a function twice if it makes variables, as an optimizer and
    # metrics would make theirs in the first step.
    model.optimizer.build(model.trainable_variables)
    answer = np.zeros((1, model.output_shape[-1]), np.float32)
    model.compute_metrics(None, np.zeros(1, np.int64), answer)
    model.reset_metrics()


def _compiles_whole() -> bool:
    """Whether XLA compiles a training step: with JAX, or on a GPU.

    On a processor TensorFlow trains this model 6 times slower with it.
    """
    if keras.backend.backend() == "jax":
        return True
    return keras.backend.backend() == "tensorflow" and bool(
        keras.distribution.list_devices("gpu")
    )


def train(
    model: keras.Model,
    recipe: Recipe,
    examples: Examples,
    checkpoint: Checkpoint,
    on_epoch: Callable[[Epoch], None],
    whole: keras.Model | None = None,
) -> None:
    """Train on, from where the checkpoint stands, until the recipe asks for no more.

    Args:
        model: As `compile_for` leaves it: a whole model, or the part of one that is
            left to train; holds the last epoch's weights afterwards.
        examples: What the model sees: images, or activations below that part.
        checkpoint: Gets every epoch; holds the best weights so far.
        on_epoch: Called after each epoch that is trained now.
        whole: The model that a part belongs to, whose weights are kept.

    Raises:
        Stopped: A signal asked for it; the epoch that it met is kept.
    """
    whole = whole or model
    history = checkpoint.history()
    if history:
        restore(whole, checkpoint.state(), model.optimizer)
    while not is_over(history, recipe):
        with finishing("this epoch"):
            epoch = _train_epoch(model, recipe, examples, len(history) + 1)
            history.append(epoch)
            improved = best_epoch(history) == epoch.epoch
            best = weights_of(whole, recipe) if improved else {}
            state = state_of(whole, recipe, model.optimizer)
            checkpoint.save(history, state, best)
            on_epoch(epoch)


def weights_of(model: keras.Model, recipe: Recipe) -> Arrays:
    """Every weight that cannot be read from the backbone's file again.

    Random weights are kept whole: their batch normalization was set on this machine.
    """
    whole = recipe.weights == "random"
    chosen = [layer for layer in model.layers if whole or layer.trainable]
    return {
        f"{layer.name}/{index}": keras.ops.convert_to_numpy(weight)
        for layer in chosen
        if not isinstance(layer, keras.layers.Dropout)
        for index, weight in enumerate(layer.weights)
    }


def state_of(
    model: keras.Model, recipe: Recipe, optimizer: keras.optimizers.Optimizer
) -> Arrays:
    """The weights and everything that the optimizer remembers."""
    slots = {
        f"optimizer/{index}": keras.ops.convert_to_numpy(variable)
        for index, variable in enumerate(optimizer.variables)
    }
    return {**weights_of(model, recipe), **slots}


def restore(
    model: keras.Model,
    arrays: Mapping[str, npt.NDArray[np.generic]],
    optimizer: keras.optimizers.Optimizer | None = None,
) -> None:
    """Put weights back into a model, and what its optimizer remembered."""
    for name, array in arrays.items():
        layer, index = name.rsplit("/", 1)
        if layer != "optimizer":
            model.get_layer(layer).weights[int(index)].assign(array)
        elif optimizer is not None:
            optimizer.variables[int(index)].assign(array)


def _train_epoch(
    model: keras.Model, recipe: Recipe, examples: Examples, number: int
) -> Epoch:
    started = time.monotonic()
    rows = examples.rows("train", all_copies=True)
    order = epoch_order(len(rows), recipe.seed, number)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
            layer.seed_generator.state.assign(dropout_state(recipe.seed, number))
    decay = recipe.learning_rate_decay ** (number - 1)
    model.optimizer.learning_rate.assign(recipe.learning_rate * decay)
    batches = batches_of(examples, rows[order], recipe.batch_size)
    logs = model.fit(batches, epochs=1, shuffle=False, verbose=0).history
    held_out = examples.judged("validation")
    figures = measure(predict(model, examples, held_out), examples.labels[held_out])
    return Epoch(
        epoch=number,
        train_accuracy=float(logs["accuracy"][0]),
        train_loss=float(logs["loss"][0]),
        validation_accuracy=figures.accuracy,
        validation_loss=figures.loss,
        seconds=time.monotonic() - started,
        ended_at=int(time.time() * 1000),
    )
