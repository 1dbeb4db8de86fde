"""Networks of which few synapses exist, by the sparse products of SciPy and PyTorch, for rivals.py."""

import numpy as np

ALPHA, NOISE, RATE = 0.2, 0.15, 1e-4


def random_csr(units, density):
    """A matrix of SciPy's, a share of which exists; row by row, as that of 20 000 units would not fit otherwise."""
    from scipy import sparse

    draw = np.random.default_rng(1)
    rows = [np.flatnonzero(draw.random(units, np.float32) < density).astype(np.int32) for _ in range(units)]
    first = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    values = draw.random(first[-1], np.float32) / np.float32(density * units)
    return sparse.csr_array((values, np.concatenate(rows), first), shape=(units, units))


def torch_csr(torch, w):
    parts = (torch.from_numpy(part) for part in (w.indptr, w.indices, w.data))
    return torch.sparse_csr_tensor(*parts, size=w.shape)


def move(p, g, moments, rate):
    """By Adam, or where there are no moments along the gradient."""
    if not moments:
        np.multiply(g, np.float32(rate), out=g)
        p -= g
        return
    mean, square = moments
    mean += np.float32(0.1) * (g - mean)
    square += np.float32(0.001) * (g * g - square)
    p -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))


class Network:
    """The network of bench.c of which few synapses exist, and one update of it by hand; in each step units by trials.

    Its arrays are NumPy's or PyTorch's. What differs between these is left to the two below.
    """

    def __init__(self, units, steps, trials, inputs, outputs, density):
        draw = np.random.default_rng(1)
        self.steps, self.trials, self.values = steps, trials, steps * trials * outputs
        csr = random_csr(units, density)
        sign = np.where(np.arange(units) < units * 4 // 5, 1, -1).astype(np.float32)
        numbered = csr.copy()
        numbered.data = np.arange(csr.nnz, dtype=np.float64)
        back = numbered.T.tocsr()
        place = back.data.astype(np.int64)  # of each weight of W^T in W
        back.data = csr.data[place]
        start = (
            csr.data * sign[csr.indices],
            draw.standard_normal((units, inputs)) / inputs**0.5,
            draw.random((outputs, units)) * sign / units,
            np.zeros((units, 1)),
            np.zeros((outputs, 1)),
        )
        self.parameters = [self.array(one) for one in start]
        self.sign, self.w_sign = self.array(sign), self.array(sign[csr.indices])
        self.u, self.y = (self.array(draw.standard_normal((steps, n, trials))) for n in (inputs, outputs))
        self.rates, self.errors, self.drive = (self.array(np.zeros((steps + 1, units, trials))) for _ in range(3))
        self.prepare(csr, back, place)

    def update(self):
        w, w_in, w_out, b, c = self.parameters
        rates, errors, drive = self.rates, self.errors, self.drive
        self.renew(w)
        self.draw_noise(drive)
        drive *= (2 * ALPHA) ** 0.5 * NOISE
        drive[1:] += ALPHA * (w_in @ self.u + b)
        x = 0 * rates[0]
        for t in range(1, self.steps + 1):
            x *= 1 - ALPHA
            x += drive[t]
            x += ALPHA * self.forward(rates[t - 1])
            rates[t] = x.clip(0)
        e = (w_out @ rates[1:] + c - self.y) * (2 / self.values)
        signal = w_out.T @ e
        error = 0 * rates[0]
        for t in range(self.steps, 0, -1):
            behind = ALPHA * self.backward(error)
            behind += signal[t - 1]
            behind += (2e-6 / self.trials) * rates[t]
            behind *= rates[t] > 0
            error *= 1 - ALPHA
            error += behind
            errors[t] = error
        self.learn(e)

    def learn(self, e):
        w, _, w_out, _, _ = self.parameters
        error, e = flat(self.errors[1:]), flat(e)
        self.move(
            [
                ALPHA * self.correlate(error, flat(self.rates[:-1])) + 1e-6 * self.w_sign,
                ALPHA * error @ flat(self.u).T,
                e @ flat(self.rates[1:]).T,
                ALPHA * error.sum(1)[:, None],
                e.sum(1)[:, None],
            ]
        )
        w[:] = (w * self.w_sign).clip(0) * self.w_sign
        w_out[:] = (w_out * self.sign).clip(0) * self.sign


def flat(a):
    """Units by steps and trials, of steps by units by trials."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


class Scipy(Network):
    def array(self, a):
        return np.asarray(a, np.float32)

    def prepare(self, csr, back, place):
        self.csr, self.back, self.place = csr, back, place
        self.random = np.random.default_rng(2)
        self.exists = np.repeat(np.arange(csr.shape[0]), np.diff(csr.indptr)) * csr.shape[1] + csr.indices
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.parameters]

    def renew(self, w):
        self.csr.data[:] = w
        self.back.data[:] = w[self.place]

    def draw_noise(self, out):
        self.random.standard_normal(out=out, dtype=out.dtype)

    def forward(self, rates):
        return self.csr @ rates

    def backward(self, errors):
        return self.back @ errors

    def correlate(self, errors, rates):
        """SciPy has no product for chosen elements alone, and all of them by the BLAS are faster than rows of them."""
        return (errors @ rates.T).ravel()[self.exists]

    def move(self, gradients):
        for p, g, moments in zip(self.parameters, gradients, self.moments):
            move(p, g, moments, RATE)


class Torch(Network):
    def array(self, a):
        import torch

        return torch.as_tensor(a, dtype=torch.float32)

    def prepare(self, csr, back, place):
        import torch

        self.torch, self.place = torch, torch.from_numpy(place)
        self.csr, self.back = torch_csr(torch, csr), torch_csr(torch, back)
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATE, fused=True)

    def renew(self, w):
        self.csr.values().copy_(w)
        self.back.values().copy_(w[self.place])

    def draw_noise(self, out):
        out.normal_()

    def forward(self, rates):
        return self.csr @ rates

    def backward(self, errors):
        return self.back @ errors

    def correlate(self, errors, rates):
        return self.torch.sparse.sampled_addmm(self.csr, errors, rates.T, beta=0).values()

    def move(self, gradients):
        for p, g in zip(self.parameters, gradients):
            p.grad = g
        self.optimizer.step()


def scipy_update(sizes, density):
    return Scipy(*sizes, density).update


def torch_update(sizes, density):
    import torch

    torch.set_num_threads(1)
    return torch.no_grad()(Torch(*sizes, density).update)
