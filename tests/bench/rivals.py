"""What others take for the work that bench.c timed, added to its file.

    python rivals.py FILE.json

PyTorch in the three ways that an expert would write it, the best of which counts; NumPy for a single step; the sparse
products of SciPy and PyTorch where few synapses exist; Keras for the network that its authors wrote with it (sernn.py);
Brian2 and NEST for networks of spiking neurons (brunel.py).
A rival that is not installed is left out. Times are the best of several, as ours are.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

# PyTorch's own threads are set below; a BLAS beside it would take all cores whatever they say.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# As in bench.c: units, steps, trials, inputs, outputs.
WORKLOADS = {
    "train/S": (100, 75, 64, 3, 3),
    "train/M": (256, 200, 64, 33, 17),
    "train/L": (1024, 200, 128, 64, 32),
}
# Absent synapses are multiplied by PyTorch and JAX all the same.
WORKLOADS.update({name.replace("train", "dense"): sizes for name, sizes in list(WORKLOADS.items())})
ALPHA, NOISE, DENSITY = 0.2, 0.15, 0.2
# Above so many units rivals do not get a matrix of all pairs.
MOST_WHOLE = 4096
# Of these, few synapses exist.
SPARSE = {"sparse/1000": (1000, 100, 32, 3, 3), "sparse/4000": (4000, 100, 32, 3, 3)}


def best(work, seconds=2.0, least=3):
    """Seconds that a call takes: the best of as many as fit."""
    work()
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def percentiles(work, count=5000):
    """Median, 99th and 99.9th percentile of a call's time, microseconds."""
    for _ in range(200):
        work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e6)
    times.sort()
    return times[count // 2], times[count * 99 // 100], times[count * 999 // 1000]


class Network:
    """The network of bench.c, and one update of it."""

    def __init__(self, torch, units, steps, trials, inputs, outputs):
        self.torch, self.steps, self.trials = torch, steps, trials
        torch.manual_seed(1)
        sign = torch.ones(units)
        sign[units * 4 // 5 :] = -1
        self.mask = (torch.rand(units, units) < DENSITY).float()
        self.sign = sign
        recurrent = torch.rand(units, units) * self.mask * sign / (DENSITY * units) ** 0.5
        self.weight = recurrent.requires_grad_()
        self.input = (torch.randn(units, inputs) / inputs**0.5).requires_grad_()
        self.readout = (torch.rand(outputs, units) * sign / units).requires_grad_()
        self.bias = torch.zeros(units, requires_grad=True)
        self.offset = torch.zeros(outputs, requires_grad=True)
        self.parameters = [self.weight, self.input, self.readout, self.bias, self.offset]
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-4, fused=True)
        self.u = torch.randn(steps, trials, inputs)
        self.y = torch.randn(steps, trials, outputs)
        self.m = torch.ones(steps, trials, 1)

    def drive(self):
        """Inputs, bias and noise of all steps at once, out of the loop."""
        torch = self.torch
        units = len(self.bias)
        noise = torch.randn(self.steps * self.trials, units).mul_((2 * ALPHA) ** 0.5 * NOISE)
        drive = torch.addmm(noise, self.u.flatten(0, 1), self.input.t(), alpha=ALPHA)
        return (drive + ALPHA * self.bias).view(self.steps, self.trials, units)

    def cost(self, rates):
        outputs = self.torch.nn.functional.linear(rates, self.readout, self.offset)
        task = ((outputs - self.y).square() * self.m).sum() / (self.m.sum() * outputs.shape[2])
        return task + 1e-6 * rates.square().sum() / self.trials + 1e-6 * self.weight.abs().sum()

    def update(self, forward):
        self.optimizer.zero_grad(set_to_none=True)
        self.cost(forward(self.drive(), self.weight)).backward()
        self.optimizer.step()
        with self.torch.no_grad():
            self.weight.copy_((self.weight * self.sign).clamp_(min=0) * self.sign * self.mask)
            self.readout.copy_((self.readout * self.sign).clamp_(min=0) * self.sign)


def eager(torch):
    """The loop as it is written by most."""

    def forward(drive, weight):
        x = torch.zeros_like(drive[0])
        w, rates = ALPHA * weight.t(), []
        r = x
        for d in drive.unbind(0):
            x = torch.addmm(torch.add(d, x, alpha=1 - ALPHA), r, w)
            r = torch.relu(x)
            rates.append(r)
        return torch.stack(rates)

    return forward


def scripted(torch):
    """The same, through TorchScript."""
    source = torch.jit.script(_loop(torch))
    return lambda drive, weight: source(drive, ALPHA * weight.t(), 1 - ALPHA)


def _loop(torch):
    from typing import List

    def loop(drive: torch.Tensor, w: torch.Tensor, keep: float) -> torch.Tensor:
        x = torch.zeros_like(drive[0])
        r = x
        rates: List[torch.Tensor] = []
        for t in range(drive.shape[0]):
            x = torch.addmm(torch.add(drive[t], x, alpha=keep), r, w)
            r = torch.relu(x)
            rates.append(r)
        return torch.stack(rates)

    return loop


def by_hand(torch):
    """Forward and backward loops of one's own over arrays in place, one product for the weights."""

    class Recurrence(torch.autograd.Function):
        @staticmethod
        def forward(ctx, drive, weight):
            w = (ALPHA * weight).t().contiguous()
            rates = torch.empty_like(drive)
            x, r = torch.zeros_like(drive[0]), torch.zeros_like(drive[0])
            for d, out in zip(drive.unbind(0), rates.unbind(0)):
                x.mul_(1 - ALPHA).add_(d).addmm_(r, w)
                r = torch.clamp(x, min=0, out=out)
            ctx.save_for_backward(rates, weight)
            return rates

        @staticmethod
        def backward(ctx, g):
            rates, weight = ctx.saved_tensors
            w = ALPHA * weight
            error = torch.empty_like(g)
            slope = (rates > 0).to(g.dtype)
            dx = torch.zeros_like(g[0])
            back = torch.zeros_like(g[0])
            for gt, s, out in zip(reversed(g.unbind(0)), reversed(slope.unbind(0)), reversed(error.unbind(0))):
                torch.add(gt, back, out=out)
                dx = out.mul_(s).add_(dx, alpha=1 - ALPHA)
                torch.mm(dx, w, out=back)
            n = g.shape[2]
            later, earlier = error[1:].reshape(-1, n), rates[:-1].reshape(-1, n)
            return error, torch.mm(later.t(), earlier).mul_(ALPHA)

    return Recurrence.apply


def train(result):
    """Adds PyTorch and JAX to a result of training."""
    for add in (train_torch, train_jax):
        try:
            add(result)
        except ImportError:
            continue


def train_jax(result):
    """One jitted function with a scan over the steps; compiled before it is timed. JAX takes all threads or one."""
    if result["threads"] > 1:
        return
    os.environ.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )  # before the first import
    import jax
    import jax.numpy as jnp
    import numpy as np

    units, steps, trials, inputs, outputs = WORKLOADS[result["name"]]
    rng = np.random.default_rng(1)
    sign = np.where(np.arange(units) < units * 4 // 5, 1, -1).astype(np.float32)
    mask = (rng.random((units, units)) < DENSITY).astype(np.float32)
    recurrent = (rng.random((units, units)) * mask * sign / (DENSITY * units) ** 0.5).astype(np.float32)
    start = {
        "recurrent": recurrent,
        "input": (rng.standard_normal((units, inputs)) / inputs**0.5).astype(np.float32),
        "readout": (rng.random((outputs, units)) * sign / units).astype(np.float32),
        "bias": np.zeros(units, np.float32),
        "offset": np.zeros(outputs, np.float32),
    }
    u, y = (jnp.asarray(rng.standard_normal((steps, trials, n)), jnp.float32) for n in (inputs, outputs))

    def cost(p, key):
        noise = (2 * ALPHA) ** 0.5 * NOISE * jax.random.normal(key, (steps, trials, units))
        drive = noise + ALPHA * (u @ p["input"].T + p["bias"])
        w = ALPHA * p["recurrent"].T

        def step(x, d):
            x = (1 - ALPHA) * x + d + jax.nn.relu(x) @ w
            return x, jax.nn.relu(x)

        _, rates = jax.lax.scan(step, jnp.zeros((trials, units)), drive)
        task = jnp.mean((rates @ p["readout"].T + p["offset"] - y) ** 2)
        return task + 1e-6 * jnp.sum(rates**2) / trials + 1e-6 * jnp.sum(jnp.abs(p["recurrent"]))

    @jax.jit
    def update(p, mean, square, n, key):
        gradient = jax.grad(cost)(p, key)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)
        rate = 1e-4 * jnp.sqrt(1 - 0.999**n) / (1 - 0.9**n)
        p = jax.tree.map(lambda w, m, s: w - rate * m / (jnp.sqrt(s) + 1e-8), p, mean, square)
        p["recurrent"] = jnp.maximum(p["recurrent"] * sign, 0) * sign * mask
        p["readout"] = jnp.maximum(p["readout"] * sign, 0) * sign
        return p, mean, square

    zeros = jax.tree.map(jnp.zeros_like, start)
    keys = iter(jax.random.split(jax.random.key(1), 100000))
    held = [(jax.tree.map(jnp.asarray, start), zeros, zeros), 0]

    def once():
        held[1] += 1
        held[0] = update(*held[0], held[1], next(keys))
        jax.block_until_ready(held[0])

    before = time.perf_counter()
    once()
    compiled = time.perf_counter() - before
    ms = best(once) * 1e3
    result["rivals"]["jax"] = {
        "ms": ms,
        "ratio": ms / result["ours_ms"],
        "first_call_ms": compiled * 1e3,
        "version": jax.__version__,
    }


def train_torch(result):
    """Adds PyTorch to a result of training."""
    import torch

    torch.set_num_threads(result["threads"])
    network = Network(torch, *WORKLOADS[result["name"]])
    times = {}
    for way in (eager, scripted, by_hand):
        forward = way(torch)
        times[way.__name__] = best(lambda forward=forward: network.update(forward)) * 1e3
    way = min(times, key=times.get)
    result["rivals"]["torch"] = {
        "ms": times[way],
        "ratio": times[way] / result["ours_ms"],
        "way": way,
        "version": torch.__version__,
    }


def step_torch(units, density=1):
    import torch

    torch.set_num_threads(1)
    w_in, w_out = torch.rand(units, 3), torch.rand(3, units)
    if density == 1:
        w = torch.rand(units, units)
    else:
        import listed

        w = listed.torch_csr(torch, listed.random_csr(units, density))
    u, x, r = torch.rand(3), torch.zeros(units), torch.rand(units)
    xi = torch.empty(units)

    def step():
        with torch.inference_mode():
            v = torch.addmv(torch.mv(w_in, u), w, r).div_(units)
            x.mul_(1 - ALPHA).add_(v, alpha=ALPHA).add_(xi.normal_(), alpha=NOISE)
            torch.clamp(x, min=0, out=r)
            torch.mv(w_out, r)

    return step


def step_numpy(units, density=1):
    """With SciPy's product where synapses are absent."""
    import listed
    import numpy as np

    draw = np.random.default_rng(1)
    w_in, w_out = (draw.random(shape, np.float32) for shape in ((units, 3), (3, units)))
    w = draw.random((units, units), np.float32) if density == 1 else listed.random_csr(units, density)
    w /= units
    u, x, r = draw.random(3, np.float32), np.zeros(units, np.float32), draw.random(units, np.float32)
    xi = np.empty(units, np.float32)
    keep, take, noise = np.float32(1 - ALPHA), np.float32(ALPHA), np.float32(NOISE)

    def step():
        nonlocal x
        v = w @ r
        v += w_in @ u
        x *= keep
        v *= take
        x += v
        draw.standard_normal(out=xi, dtype=np.float32)
        x += noise * xi
        np.maximum(x, 0, out=r)
        return w_out @ r

    return step


def step(result):
    """Adds PyTorch and NumPy to a result of single steps, and where synapses are absent their sparse products."""
    units, density = int(result["name"].split("/")[1]), result["density"]
    ways = {"torch": step_torch, "numpy": step_numpy} if units <= MOST_WHOLE else {}
    for name, make in ways.items():
        add_step(result, name, lambda make=make: make(units))
    if density < 1:
        add_step(result, "torch, sparse", lambda: step_torch(units, density))
        add_step(result, "scipy", lambda: step_numpy(units, density))


def add_step(result, name, make):
    try:
        p50, p99, p999 = percentiles(make(), 5000 if result["ours_ms"] < 1 else 200)
    except ImportError:
        return
    result["rivals"][name] = {
        "ms": p50 * 1e-3,
        "ratio": p50 * 1e-3 / result["ours_ms"],
        "p50_us": p50,
        "p99_us": p99,
        "p999_us": p999,
    }


# --- sparse ----------------------------------------------------------------------------------------------------------


def whole_torch(sizes, density):
    """All synapses, multiplied whether they exist or not."""
    import torch

    torch.set_num_threads(1)
    network = Network(torch, *sizes)
    forward = by_hand(torch)
    return lambda: network.update(forward)


def sparse(result):
    """Adds SciPy and PyTorch to a result of training where few synapses exist."""
    import listed

    ways = {"scipy": listed.scipy_update, "torch, sparse": listed.torch_update, "torch": whole_torch}
    for name, make in ways.items():
        try:
            ms = best(make(SPARSE[result["name"]], result["density"])) * 1e3
        except ImportError:
            continue
        result["rivals"][name] = {"ms": ms, "ratio": ms / result["ours_ms"]}


# --- Keras -----------------------------------------------------------------------------------------------------------


def sernn(result):
    """Adds Keras with each backend that is installed, in a process of its own; whose costs have to be ours."""
    for backend in ("jax", "tensorflow", "torch"):
        if not all(importlib.util.find_spec(name) for name in ("keras", backend)):
            continue
        program = [sys.executable, os.path.join(os.path.dirname(__file__), "sernn.py"), str(result["threads"])]
        environment = {**os.environ, "KERAS_BACKEND": backend}
        said = subprocess.run(program, env=environment, check=True, stdout=subprocess.PIPE).stdout
        rival = json.loads(said.splitlines()[-1])
        for cost in ("cost", "structure", "cost_after"):
            ours, theirs = result[cost], rival.pop(cost)
            if abs(theirs - ours) > 1e-4 * abs(ours):
                raise SystemExit(f"{result['name']}: '{cost}' is {ours}, by Keras with {backend} {theirs}")
        result["rivals"][f"keras, {backend}"] = {**rival, "ratio": rival["ms"] / result["ours_ms"]}


# --- Brian2 and NEST -------------------------------------------------------------------------------------------------

# The rate of one second and that of the next have a standard deviation of half a percent.
SAME_RATE = 0.03


def brunel(result):
    """Adds Brian2 in both of its ways and NEST to a second of Brunel's network, each in a process of its own; whose rates
    have to be ours. Brian2 compiles, and its runtime has one thread."""
    if result["name"].split("/")[1] != "12500":
        return
    ways = {"brian2, cython": ("brian2", "Cython"), "brian2, standalone": ("brian2",), "nest": ("nest",)}
    for name, modules in ways.items():
        if not all(importlib.util.find_spec(module) for module in modules):
            continue
        if modules[0] == "brian2" and not shutil.which("g++") or name == "brian2, cython" and result["threads"] > 1:
            continue
        program = [sys.executable, os.path.join(os.path.dirname(__file__), "brunel.py")]
        program += [name.split(", ")[-1], str(result["threads"])]
        said = subprocess.run(program, check=True, stdout=subprocess.PIPE).stdout
        rival = json.loads(said.splitlines()[-1])
        if abs(rival["rate_hz"] - result["rate_hz"]) > SAME_RATE * result["rate_hz"]:
            raise SystemExit(f"{result['name']}: ours fires at {result['rate_hz']} Hz, {name} at {rival['rate_hz']}")
        result["rivals"][name] = {**rival, "ratio": rival["ms"] / result["ours_ms"]}


# What RFLO makes of a batch, as in bench_rules.c.
BATCHES = {"rflo/S": WORKLOADS["train/S"], "rflo/M": WORKLOADS["train/M"]}


def rflo(result):
    """Adds PyTorch: the trace form as people write it, and the reverse form, which an expert might."""
    import torch

    torch.set_num_threads(1)
    units, steps, trials, _, outputs = BATCHES[result["name"]]
    r, slope = torch.rand(steps, trials, units), (torch.rand(steps, trials, units) > 0.5).float()
    error, feedback = torch.rand(steps, trials, outputs), torch.rand(outputs, units)

    def trace():
        p, gradient = torch.zeros(trials, units, units), torch.zeros(units, units)
        signal = (error @ feedback) * slope
        for t in range(steps):
            p.mul_(1 - ALPHA).add_(r[t][:, None, :], alpha=ALPHA)
            gradient += torch.einsum("bi,bij->ij", signal[t], p)
        return gradient

    def reverse():
        signal = (error @ feedback) * slope
        for t in range(steps - 2, -1, -1):
            signal[t].add_(signal[t + 1], alpha=1 - ALPHA)
        return ALPHA * signal.reshape(-1, units).t() @ r.reshape(-1, units)

    times = {}
    for way in (trace, reverse):
        times[way.__name__] = best(way) * 1e3
    for way, ms in times.items():
        name = f"torch, {way} form"
        result["rivals"][name] = {"ms": ms, "ratio": ms / result["ours_ms"], "version": torch.__version__}


def agent(result):
    """Adds NumPy to a result of an agent's steps: the update alone, of a network whose weights and traces are there."""
    import numpy as np

    units = int(result["name"].split("/")[1])
    draw = np.random.default_rng(1)
    w, p = (draw.random((units, units), np.float32) / units for _ in range(2))
    r, signal = draw.random(units, np.float32), draw.random(units, np.float32)
    change = np.empty_like(w)

    def step():
        np.multiply(p, np.float32(1 - ALPHA), out=p)
        np.add(p, np.float32(ALPHA) * r, out=p)
        np.multiply(signal[:, None] * np.float32(1e-6), p, out=change)
        np.subtract(w, change, out=w)
        return w @ r

    ms = best(step) * 1e3
    result["rivals"]["numpy"] = {"ms": ms, "ratio": ms / result["ours_ms"]}


def circuit(result):
    """Adds NumPy to a result of the dendritic microcircuit."""
    import circuits

    way = {"trial": circuits.trial, "images": circuits.two_steps}[result["name"].split("/")[1]]
    ms = best(way()) * 1e3
    result["rivals"]["numpy"] = {"ms": ms, "ratio": ms / result["ours_ms"]}


# One update of bench_layers.c: units, images.
LAYERS, IMAGES, RATE = (784, 1000, 10), 64, 1e-6


def layers_torch(adaptive, threads):
    """Feedback alignment with its gradients written out; that of autograd takes longer."""
    import torch

    torch.set_num_threads(threads)
    n, hidden, digits = LAYERS
    w, v = torch.randn(hidden, n) / n**0.5, torch.randn(digits, hidden) / hidden**0.5
    b, c, feedback = torch.zeros(hidden), torch.zeros(digits), torch.randn(digits, hidden)
    x = torch.randn(IMAGES, n).clamp_(min=0)
    wanted = torch.nn.functional.one_hot(torch.arange(IMAGES) % digits).float()
    parameters = [w, v, b, c]
    adam = torch.optim.Adam(parameters, lr=RATE, fused=True) if adaptive else None

    def update():
        r = torch.addmm(b, x, w.t()).clamp_(min=0)
        e = torch.addmm(c, r, v.t()).softmax(1).sub_(wanted).div_(IMAGES)
        d = (e @ feedback).mul_(r > 0)
        if not adaptive:
            for weight, error, rate in ((w, d, x), (v, e, r)):
                weight.addmm_(error.t(), rate, alpha=-RATE)
            b.sub_(d.sum(0), alpha=RATE)
            c.sub_(e.sum(0), alpha=RATE)
            return
        w.grad, v.grad, b.grad, c.grad = d.t() @ x, e.t() @ r, d.sum(0), e.sum(0)
        adam.step()

    return update


def layers_numpy(adaptive, threads):
    if threads > 1:
        raise ImportError("its BLAS was loaded for one thread")
    import listed
    import numpy as np

    draw = np.random.default_rng(1)
    n, hidden, digits = LAYERS
    w, v, feedback = (draw.random(shape, np.float32) / 30 for shape in ((hidden, n), (digits, hidden), (digits, hidden)))
    b, c = np.zeros(hidden, np.float32), np.zeros(digits, np.float32)
    x, wanted = draw.random((IMAGES, n), np.float32), np.eye(digits, dtype=np.float32)[np.arange(IMAGES) % digits]
    moments = [(np.zeros_like(p), np.zeros_like(p)) if adaptive else None for p in (w, v, b, c)]

    def update():
        r = np.maximum(x @ w.T + b, 0)
        z = r @ v.T + c
        e = np.exp(z - z.max(1, keepdims=True))
        e = (e / e.sum(1, keepdims=True) - wanted) / np.float32(IMAGES)
        d = (e @ feedback) * (r > 0)
        for p, g, moment in zip((w, v, b, c), (d.T @ x, e.T @ r, d.sum(0), e.sum(0)), moments):
            listed.move(p, g, moment, RATE)

    return update


def layers(result):
    """Adds PyTorch and NumPy to a result of feed-forward layers."""
    adaptive = result["name"].endswith("/adam")
    for name, make in (("torch", layers_torch), ("numpy", layers_numpy)):
        try:
            ms = best(make(adaptive, result["threads"])) * 1e3
        except ImportError:
            continue
        result["rivals"][name] = {"ms": ms, "ratio": ms / result["ours_ms"]}


def adder(name):
    """What adds rivals to a result of this name."""
    if name in WORKLOADS:
        return train
    kinds = {
        "rflo": rflo,
        "agent": agent,
        "step": step,
        "circuit": circuit,
        "layers": layers,
        "sparse": sparse,
        "sernn": sernn,
        "brunel": brunel,
    }
    return kinds.get(name.split("/")[0], lambda result: None)


def main(path):
    with open(path) as file:
        results = json.load(file)
    for result in results:
        try:
            adder(result["name"])(result)
        except ImportError:
            continue
        for name, rival in result["rivals"].items():
            ours = result["ours_ms"]
            print(
                f"  {result['name']:10} {result['threads']} thread{'s' if result['threads'] > 1 else ' '}"
                f"  {name} {rival['ms']:10.4f} ms, ours {ours:10.4f} ms: {rival['ratio']:.2f} times as fast",
                flush=True,
            )
    if not any(result["rivals"] for result in results):
        print("no rival is installed: pip install torch numpy")
    with open(path, "w") as file:
        json.dump(results, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
