"""What Keras takes for the update that bench_sernn.c times: of the spatially embedded network of Achterberg et al. 2023.

    KERAS_BACKEND=jax python sernn.py THREADS

The network, the cost and the weights at the start are those of bench_sernn.c, and so is the batch. Prints a JSON
object: milliseconds of an update by the fastest of Keras's ways, how long its first call takes, and what costs are
before and after a few updates without noise, so that rivals.py can see that both do the same.
"""

import json
import os
import sys
import time

UNITS, STEPS, TRIALS, INPUTS, WAYS = 100, 50, 128, 8, 4
GAMMA, NOISE, RATE, UPDATES = 0.3, 0.05, 1e-3, 20
#: Goal, the way that leads to it, the other open one.
PROBLEMS = ((1, 1, 0), (1, 2, 3), (3, 3, 0), (2, 3, 2), (2, 0, 1), (0, 1, 2), (3, 2, 0), (0, 0, 2))
EPOCH = 40  # updates


def restrict(threads):
    """Before the first import of a backend."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    if os.environ["KERAS_BACKEND"] == "torch":
        import torch

        torch.set_num_threads(threads)


def expm():
    """The exponential of a matrix, which Keras leaves to its backends."""
    backend = os.environ["KERAS_BACKEND"]
    if backend == "jax":
        from jax.scipy.linalg import expm as exponential
    elif backend == "torch":
        from torch.linalg import matrix_exp as exponential
    else:
        from tensorflow.linalg import expm as exponential
    return exponential


def uniforms(seed):
    """Numbers from -1 to 1, as bench_sernn.c draws them."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield state / 2**30 - 1


def weights(shape, limit, seed):
    """[post, pre], as in the library; Keras has [pre, post]."""
    import numpy as np

    draw = uniforms(seed)
    return np.array([limit * next(draw) for _ in range(shape[0] * shape[1])], np.float32).reshape(shape)


def start():
    """Weights as Keras has them: input, recurrent, bias, readout, bias."""
    import numpy as np

    inputs = weights((UNITS, INPUTS), (6 / (UNITS + INPUTS)) ** 0.5, 1).T
    recurrent = weights((UNITS, UNITS), (3 / UNITS) ** 0.5, 2).T
    readout = weights((WAYS, UNITS), (6 / (UNITS + WAYS)) ** 0.5, 3).T
    return [inputs, recurrent, np.zeros(UNITS, np.float32), readout, np.zeros(WAYS, np.float32)]


def batch(trials):
    import numpy as np

    x, y = np.zeros((trials, STEPS, INPUTS), np.float32), np.zeros((trials, WAYS), np.float32)
    for k in range(trials):
        goal, right, other = PROBLEMS[k % len(PROBLEMS)]
        x[k, :20, goal] = x[k, 30:, 4 + right] = x[k, 30:, 4 + other] = 1
        y[k, right] = 1
    return x, y


def regularizer():
    """The authors': gamma sum |W| D C, C the communicability of weights from unit to unit, diagonal 0."""
    import keras
    import numpy as np
    from keras import ops

    lattice = np.array([(k % 5, k // 5 % 5, k // 25) for k in range(UNITS)], np.float32)
    distance = np.linalg.norm(lattice[:, None] - lattice[None, :], axis=-1).astype(np.float32)
    exponential, elsewhere = expm(), 1 - np.eye(UNITS, dtype=np.float32)

    class Communicability(keras.regularizers.Regularizer):
        def __call__(self, w):
            size = ops.absolute(w)
            root = ops.power(ops.sum(size, axis=1), -0.5)
            communicability = exponential(root[:, None] * size * root[None, :]) * ops.convert_to_tensor(elsewhere)
            return GAMMA * ops.sum(size * ops.convert_to_tensor(distance) * communicability)

    return Communicability()


def network(noise, unroll=False):
    import keras

    model = keras.Sequential(
        [
            keras.Input((STEPS, INPUTS)),
            *([keras.layers.GaussianNoise(noise)] if noise else []),
            keras.layers.SimpleRNN(UNITS, activation="relu", recurrent_regularizer=regularizer(), unroll=unroll),
            keras.layers.Dense(WAYS, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(RATE, epsilon=1e-8), "categorical_crossentropy")
    model.set_weights(start())
    return model


def costs():
    """The whole cost before and after a few updates, and the part of the weights before them."""
    import keras

    model, (x, y) = network(0), batch(TRIALS)
    whole = [model.evaluate(x, y, batch_size=TRIALS, verbose=0)]
    structure = float(keras.ops.convert_to_numpy(model.losses[0]))
    for _ in range(UPDATES):
        model.train_on_batch(x, y)
    whole.append(model.evaluate(x, y, batch_size=TRIALS, verbose=0))
    return {"cost": whole[0], "structure": structure, "cost_after": whole[1]}


def fit(model, seconds):
    """Seconds of an update within epochs of fit(), as in the authors' demonstration."""
    x, y = batch(EPOCH * TRIALS)
    best, end = 1e9, time.perf_counter() + seconds
    while time.perf_counter() < end:
        before = time.perf_counter()
        model.fit(x, y, batch_size=TRIALS, epochs=1, verbose=0)
        best = min(best, (time.perf_counter() - before) / EPOCH)
    return best


def train_on_batch(model, seconds):
    """Seconds of an update with one batch, with no loader around it."""
    x, y = batch(TRIALS)
    best, end = 1e9, time.perf_counter() + seconds
    while time.perf_counter() < end:
        before = time.perf_counter()
        model.train_on_batch(x, y)
        best = min(best, time.perf_counter() - before)
    return best


def times(seconds=2.0):
    """The fastest way."""
    found = []
    for unroll in (False, True):
        model = network(NOISE, unroll)
        before = time.perf_counter()
        model.train_on_batch(*batch(TRIALS))
        first = time.perf_counter() - before
        for way in (train_on_batch, fit):
            name = way.__name__ + (", unrolled" if unroll else "")
            found.append({"ms": way(model, seconds) * 1e3, "first_call_ms": first * 1e3, "way": name})
    return min(found, key=lambda one: one["ms"])


def main(threads):
    restrict(threads)
    import keras

    print(json.dumps({**costs(), **times(), "version": keras.__version__}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
