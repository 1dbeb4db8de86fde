"""The dendritic microcircuit of bench_microcircuit.c in NumPy, as one would write it for speed: single precision, arrays
in place, biases as columns of their own."""

import numpy as np


def logistic(x, out=None):
    """1 / (1 + exp(-x))."""
    out = np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def trial(steps=1000, sizes=(30, 20, 10), dt=0.1, tau=30.0, rates=(1e-3, 5e-4, 1e-3, 5e-4), sigma=0.1):
    """A function that runs one trial: every step moves the units and the weights of four pathways."""
    draw = np.random.default_rng(1)
    n_in, n, n_out = sizes
    up1, up2, inter, lateral, down = (
        draw.uniform(-1, 1, shape).astype(np.float32)
        for shape in ((n, n_in), (n_out, n), (n_out, n), (n, n_out), (n, n_out))
    )
    lows = [np.zeros_like(w) for w in (up1, up2, inter, lateral)]
    x, target = draw.random(n_in, np.float32), draw.random(n_out, np.float32)
    u1, u2, i1 = (np.zeros(k, np.float32) for k in (n, n_out, n_out))
    g_leak, g, g_apical, g_soma = (np.float32(c) for c in (0.1, 1, 0.8, 0.8))
    hidden, inner, free = g / (g_leak + g + g_apical), g / (g_leak + g), g / (g_leak + g)
    step, keep, noise = np.float32(dt), np.float32(1 - dt / tau), np.float32(sigma * dt**0.5)

    def learn(weight, low, rate, error, pre):
        low *= keep
        low += np.float32(dt / tau) * error[:, None] * pre
        weight += np.float32(rate * dt) * low

    def run():
        for _ in range(steps):
            r1, r2, ri = logistic(u1), logistic(u2), logistic(i1)
            b1, b2, bi = up1 @ x, up2 @ r1, inter @ r1
            apical = down @ r2 + lateral @ ri
            xi = draw.standard_normal(n + 2 * n_out, dtype=np.float32) * noise
            d1 = g * b1 + g_apical * apical - (g_leak + g + g_apical) * u1
            d2 = g * b2 + g_soma * target - (g_leak + g + g_soma) * u2
            di = g * bi + g_soma * u2 - (g_leak + g + g_soma) * i1
            learn(up1, lows[0], rates[0], r1 - logistic(hidden * b1), x)
            learn(up2, lows[1], rates[1], r2 - logistic(free * b2), r1)
            learn(inter, lows[2], rates[2], ri - logistic(inner * bi), r1)
            learn(lateral, lows[3], rates[3], -apical, ri)
            u1[:] += step * d1 + xi[:n]
            u2[:] += step * d2 + xi[n : n + n_out]
            i1[:] += step * di + xi[n + n_out :]

    return run


def two_steps(batch=10, sizes=(784, 500, 500, 10), top=0.1, hidden=0.3, rate=1e-6):
    """A function that learns from a batch of images by the two-step form."""
    draw = np.random.default_rng(1)
    n = len(sizes) - 1

    def uniform(width, *shape):
        return draw.uniform(-width, width, shape).astype(np.float32)

    up = [uniform(0.1, post, pre) for pre, post in zip(sizes, sizes[1:])]
    bias = [np.zeros(post, np.float32) for post in sizes[1:]]
    down = [uniform(1, low, high) for low, high in zip(sizes[1:], sizes[2:])]
    lateral = [-w for w in down]
    inter = [w.copy() for w in up[1:]]
    inner = [b.copy() for b in bias[1:]]
    images, target = draw.random((batch, sizes[0]), np.float32), uniform(1, batch, sizes[-1])
    keep_top, keep, top, hidden = (np.float32(c) for c in (1 - top, 1 - hidden, top, hidden))
    eta = np.float32(rate / batch)

    def run():
        r, v = [images], []
        for k in range(n):
            v.append(r[k] @ up[k].T + bias[k])
            if k < n - 1:
                v[k] *= keep
            r.append(logistic(v[k]))
        predicted = [r[k + 1] @ inter[k].T + inner[k] for k in range(n - 1)]
        now, u = list(r), [None] * n
        u[-1] = keep_top * v[-1] + top * target
        now[-1] = logistic(u[-1])
        changes = [None] * (n - 1)
        for k in range(n - 2, -1, -1):
            ri = logistic(keep_top * predicted[k] + top * u[k + 1])
            u[k] = v[k] + hidden * (now[k + 2] @ down[k].T + ri @ lateral[k].T)
            now[k + 1] = logistic(u[k])
            changes[k] = ri - logistic(predicted[k])
        for k in range(n):
            error = (now[k + 1] - r[k + 1]) * eta
            up[k] += error.T @ now[k]
            bias[k] += error.sum(0)
        for k in range(n - 1):
            error = changes[k] * eta
            inter[k] += error.T @ now[k + 1]
            inner[k] += error.sum(0)

    return run
