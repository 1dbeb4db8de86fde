"""Mean-field theory of networks of leaky integrate-and-fire neurons: self-consistent rates, stability, all states.

Amit & Brunel (1997), Brunel (2000): each neuron receives so many spikes of so small an effect that its input is white
noise; its rate follows from the mean and the variance of the input by :func:`neuroai.siegert`, these from the rates.
Where synapses are currents that decay, noise has a memory (Brunel & Sergi 1998; Fourcaud & Brunel 2002).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._closed import Closed, Record
from ._handle import brief, frozen, given, listed, seed_of
from .errors import Error, InvalidError, UnknownNameError, all_are
from .transfer import siegert, siegert_slopes

__all__ = ["MeanField", "Stationary"]

Doubles = npt.NDArray[np.float64]
#: Where a search begins: a rate of each population, Hz, or of those named, the others being silent.
Start = Union[Mapping[str, float], npt.ArrayLike]

#: |zeta(1/2)|: noise with a memory raises threshold and reset by that many sd sqrt(tau_syn / tau).
ZETA = 1.4603545088095868

#: Hz: below it a rate is found, and above it two states differ.
_FOUND, _APART = 1e-9, 1e-3
#: A relaxation makes this step first, in units of its time constant, and at most so many. It is implicit, so that
#: strong inhibition does not make it swing, and turns into Newton's method where it comes to rest.
_FIRST, _MOST = 0.05, 2000


class Stationary(Closed):
    """A stationary state of a mean field: rates that reproduce themselves.

    Attributes:
        rates: of each population, Hz.
        mean: of the potential without threshold, mV, above rest; of a :class:`ConductanceField` itself.
        sd: its standard deviation, mV; of noise with a memory, what it would be without.
        eigenvalues: of d rate/dt = -rate + Phi(rates), in units of the relaxation's time constant, complex, the largest
            real part first.
        stable: whether all real parts are below 0. Oscillations that delays make are not seen.
        residual: largest difference between a rate and what follows from it, Hz.
    """

    rates: Dict[str, float]
    mean: Dict[str, float]
    sd: Dict[str, float]
    eigenvalues: npt.NDArray[np.complex128]
    stable: bool
    residual: float
    _otherwise = "it is what was found"

    def __init__(self, field: "MeanField", nu: Doubles) -> None:
        mean, sd = field.input(nu)
        found = np.linalg.eigvals(field.jacobian(nu) - np.eye(len(nu)))
        found = found[np.argsort(-found.real)].astype(np.complex128)
        each = zip(field.names, nu.tolist(), mean.tolist(), sd.tolist())
        rates, means, sds = {}, {}, {}
        for name, rates[name], means[name], sds[name] in each:
            pass
        self._keep(rates=Record(rates), mean=Record(means), sd=Record(sds), eigenvalues=frozen(found))
        self._keep(stable=bool(found[0].real < 0), residual=float(np.abs(field.transfer(nu) - nu).max()))

    def __repr__(self) -> str:
        rates = listed((f"{name} {rate:.4g} Hz" for name, rate in self.rates.items()), 12)
        return f"<Stationary: {rates}, {'stable' if self.stable else 'unstable'}>"


class MeanField(Closed):
    """Mean field of populations coupled by jumps of the potential, or by currents; :func:`mean_field` reads one.

    ::

        mean_i  = drive_i + tau_i sum_j counts_ij weights_ij rate_j
        sd_i^2  = noise_i^2 + (tau_i / 2) sum_j counts_ij (weights_ij^2 + spreads_ij^2) rate_j
        shift_i = |zeta(1/2)| sd_i sqrt(tau_syn / tau_i)
        rate_i  = siegert(mean_i, sd_i, threshold_i + shift_i, reset_i + shift_i)

    A current that jumps by w and decays with ``tau_syn`` moves the potential by as much in all as a jump of
    ``weights`` = tau_syn w / capacitance. Its noise has a memory, which raises threshold and reset, to first order in
    sqrt(tau_syn / tau) (Brunel & Sergi 1998; Fourcaud & Brunel 2002; sd is smaller by sqrt(2) than their sigma, and
    |zeta(1/2)| = 1.46). Where synapses of a neuron differ in ``tau_syn``, their harmonic mean, weighted by their shares
    of sd_i^2, stands in for it: with it the potential is as steep on average. This is ours; nothing exact is known to
    us. Where jumps are among them there is no shift.

    Against simulated neurons of 2 to 37 Hz rates were within 3 % for a tau_syn / tau of 0.025, 5 % for 0.1 and 8 % for
    0.25; with two time constants, equal in variance and up to a factor of 10 apart, within 8 %; with jumps and currents
    of equal variance up to 29 % off, which :func:`mean_field` refuses.

    Every number of a population may be one for all of them.

    Args:
        names: of the populations.
        counts: [to, from] synapses that a neuron has from each population; need not be whole.
        weights: [to, from] their mean weight, mV.
        spreads: [to, from] standard deviation of the weights, mV.
        tau, refractory: ms.
        threshold, reset: mV, above rest.
        background: total rate of the spikes that each neuron gets from outside, Hz.
        background_weight: of these, mV.
        drive: mean of the potential without any spike, mV.
        noise: standard deviation that it has without any, mV.
        tau_syn: [to, from] time constant of the synapses, ms; 0: jumps.
        background_tau_syn: of those of the background, ms.
        noise_tau_syn: memory of ``noise``, ms.
    """

    names: Tuple[str, ...]
    _otherwise = "make another one"

    def __init__(
        self,
        names: Sequence[str],
        counts: npt.ArrayLike,
        weights: npt.ArrayLike,
        spreads: npt.ArrayLike = 0.0,
        tau: npt.ArrayLike = 20.0,
        threshold: npt.ArrayLike = 20.0,
        reset: npt.ArrayLike = 10.0,
        refractory: npt.ArrayLike = 2.0,
        background: npt.ArrayLike = 0.0,
        background_weight: npt.ArrayLike = 0.0,
        drive: npt.ArrayLike = 0.0,
        noise: npt.ArrayLike = 0.0,
        tau_syn: npt.ArrayLike = 0.0,
        background_tau_syn: npt.ArrayLike = 0.0,
        noise_tau_syn: npt.ArrayLike = 0.0,
    ) -> None:
        n = len(tuple(names))
        each = {"tau": tau, "threshold": threshold, "reset": reset, "refractory": refractory, "drive": drive}
        each.update(background=background, background_weight=background_weight, noise=noise)
        each.update(background_tau_syn=background_tau_syn, noise_tau_syn=noise_tau_syn)
        found = {key: shaped(key, value, (n,)) for key, value in each.items()}
        count = shaped("counts", counts, (n, n))
        weight, spread = shaped("weights", weights, (n, n)), shaped("spreads", spreads, (n, n))
        memory = shaped("tau_syn", tau_syn, (n, n))
        for key, value in (("tau_syn", memory), *((key, found[key]) for key in found if key.endswith("tau_syn"))):
            all_are(key, value, value >= 0, "at least 0")
        if n < 1:
            raise InvalidError("names: there is no population")
        all_are("counts", count, count >= 0, "at least 0")
        per_hz = found["tau"] / 1000.0  # spikes of 1 Hz that count at a time
        outside, jump = found["background"], found["background_weight"]
        self._keep(names=tuple(names))
        self._by_mean = per_hz[:, None] * count * weight
        self._by_variance = per_hz[:, None] / 2 * count * (weight**2 + spread**2)
        self._mean = found["drive"] + per_hz * outside * jump
        noisy, background_noise = found["noise"] ** 2, per_hz / 2 * outside * jump**2
        self._variance = noisy + background_noise
        self._neuron = found["tau"], found["threshold"], found["reset"], found["refractory"]
        siegert(self._mean, np.sqrt(self._variance), *self._neuron)  # which refuses what it cannot take
        # of the variance, what is over tau_syn and what has none, by rates and without: for the memory of noise
        parts = ((noisy, found["noise_tau_syn"]), (background_noise, found["background_tau_syn"]))
        self._by_steep, self._by_white = _split(self._by_variance, memory)
        self._steep, self._white = (np.asarray(sum(each)) for each in zip(*(_split(*part) for part in parts)))

    # --- of given rates ----------------------------------------------------------------------------------------------

    def input(self, rates: npt.ArrayLike) -> Tuple[Doubles, Doubles]:
        """Mean and standard deviation of each population's free potential at these rates, mV, [n]."""
        nu = np.asarray(rates, np.float64)
        variance = self._variance + self._by_variance @ nu
        return np.asarray(self._mean + self._by_mean @ nu, np.float64), np.asarray(
            np.sqrt(np.maximum(variance, 0)), np.float64
        )

    def _raised(self, nu: Doubles) -> Tuple[Doubles, Doubles]:
        """By how much the memory of noise raises threshold and reset, mV, and its derivatives by the rates."""
        variance, by_variance = self._variance + self._by_variance @ nu, self._by_variance
        steep, white = self._steep + self._by_steep @ nu, self._white + self._by_white @ nu
        there = (steep > 0) & (white <= 0)
        steep = np.where(there, steep, 1)
        raised = np.where(there, ZETA * np.maximum(variance, 0) / np.sqrt(steep * self._neuron[0]), 0)
        part = ZETA / np.sqrt(steep * self._neuron[0])
        slopes = part[:, None] * by_variance - (raised / (2 * steep))[:, None] * self._by_steep
        return raised, np.where(there[:, None], slopes, 0)

    def transfer(self, rates: npt.ArrayLike) -> Doubles:
        """The rate that each population has when all have these, Phi(rates), Hz."""
        mean, sd = self.input(rates)  # to lower the mean is to raise threshold and reset
        raised, _ = self._raised(np.asarray(rates, np.float64))
        return np.asarray(siegert(mean - raised, sd, *self._neuron), np.float64)

    def jacobian(self, rates: npt.ArrayLike) -> Doubles:
        """Derivatives of :meth:`transfer` by the rates, [to, from]."""
        (mean, sd), (raised, by_raised) = self.input(rates), self._raised(np.asarray(rates, np.float64))
        by_mean, by_sd = siegert_slopes(mean - raised, sd, *self._neuron)
        by_variance = np.divide(by_sd, 2 * sd, out=np.zeros(len(sd)), where=sd > 0)
        slopes = by_mean[:, None] * (self._by_mean - by_raised) + by_variance[:, None] * self._by_variance
        return np.asarray(slopes, np.float64)

    def effective(self, name: str, rates: npt.ArrayLike) -> Doubles:
        """The rate that follows for one population when it is held at each of these rates and all others settle, Hz.

        Where both are equal, there is a stationary state (Mascaro & Amit 1999). The others begin where they were at the
        rate before.
        """
        k, others = self.names.index(name), np.zeros(len(self.names) - 1)
        found: List[float] = []
        for rate in np.atleast_1d(np.asarray(rates, np.float64)):
            held = _Held(self, k, float(rate))
            if len(others):
                others = _relax(held.transfer, held.jacobian, others, 1.0 if found else _FIRST)
            found.append(float(self.transfer(np.insert(others, k, rate))[k]))
        return np.asarray(found, np.float64)

    # --- stationary states -------------------------------------------------------------------------------------------

    def solve(self, start: Optional[Start] = None) -> Stationary:
        """The state into which the populations relax: d rate/dt = -rate + Phi(rates) from ``start``.

        Args:
            start: rates, Hz: ``{"A": 50}``, the others being silent; or one for each. Default: all silent, from where
                the spontaneous state is reached.
        """
        nu = _relax(self.transfer, self.jacobian, self._begin(start))
        return Stationary(self, self._near(nu))

    def states(self, starts: Optional[Iterable[Start]] = None, seed: int = 0) -> List[Stationary]:
        """The stable states that many starts lead to, each once, by their mean rate; and unstable ones between them.

        Starts are silence, each population alone at 50 Hz and at its largest rate, all of them at these, and 10
        that are random. Unstable states are looked for by Newton's method on the way from one stable state to the next.

        Args:
            starts: to be tried besides.
            seed: of the random ones.
        """
        n, most = len(self.names), 1000.0 / np.maximum(self._neuron[3], 1.0)
        rng = np.random.default_rng(seed_of(seed))
        begun: List[Any] = [np.zeros(n), np.full(n, 50.0), most, *(starts or ())]
        for k in range(n):
            begun += [np.eye(n)[k] * 50.0, np.eye(n)[k] * most[k]]
        begun += [np.exp(rng.uniform(np.log(0.1), np.log(most))) for _ in range(10)]
        found: List[Stationary] = []
        for start in begun:
            try:
                self._add(found, self.solve(start))
            except Error:
                continue  # a cycle, or a start at which nothing is smooth
        stable = [np.array(list(state.rates.values())) for state in found]
        for i, one in enumerate(stable):
            for other in stable[:i]:
                for share in (0.25, 0.5, 0.75):
                    between = self._newton(share * one + (1 - share) * other)
                    if between is not None:
                        self._add(found, between)
        return sorted(found, key=lambda state: float(np.mean(list(state.rates.values()))))

    def _near(self, nu: Doubles) -> Doubles:
        """A step of Newton's method from where a state was found."""
        return np.maximum(nu + np.linalg.solve(np.eye(len(nu)) - self.jacobian(nu), self.transfer(nu) - nu), 0)

    def _newton(self, nu: Doubles) -> Optional[Stationary]:
        for _ in range(60):
            force = self.transfer(nu) - nu
            if float(np.abs(force).max()) < _FOUND * max(1.0, float(nu.max())):
                return Stationary(self, nu)
            try:
                nu = nu + np.linalg.solve(np.eye(len(nu)) - self.jacobian(nu), force)
            except np.linalg.LinAlgError:
                return None
            if not np.isfinite(nu).all() or np.any(nu < 0):
                return None
        return None

    @staticmethod
    def _add(found: List[Stationary], state: Stationary) -> None:
        nu = np.array(list(state.rates.values()))
        known = (np.array(list(one.rates.values())) for one in found)
        if not any(np.abs(nu - one).max() < _APART * max(1.0, float(nu.max())) for one in known):
            found.append(state)

    def _begin(self, start: Optional[Start]) -> Doubles:
        n = len(self.names)
        if start is None:
            return np.zeros(n)
        if isinstance(start, Mapping):
            unknown = [name for name in start if name not in self.names]
            if unknown:
                raise UnknownNameError(f"start: there is no population {brief(unknown[0])}, but {listed(self.names)}")
            return _rates(np.array([float(start.get(name, 0.0)) for name in self.names]), n)
        return _rates(np.asarray(given("start", start), np.float64), n)

    @property
    def rates(self) -> Dict[str, float]:
        """Rates of the state that is reached from silence, Hz: of the spontaneous one."""
        return self.solve().rates

    def __repr__(self) -> str:
        return f"<MeanField of {listed(self.names, 12)}>"


class _Held:
    """The other populations while one is held at a rate."""

    def __init__(self, field: MeanField, k: int, rate: float) -> None:
        self.field, self.k, self.rate = field, k, rate

    def transfer(self, nu: Doubles) -> Doubles:
        return np.asarray(np.delete(self.field.transfer(np.insert(nu, self.k, self.rate)), self.k), np.float64)

    def jacobian(self, nu: Doubles) -> Doubles:
        whole = self.field.jacobian(np.insert(nu, self.k, self.rate))
        return np.asarray(np.delete(np.delete(whole, self.k, 0), self.k, 1), np.float64)


def _relax(
    transfer: Callable[[Doubles], Doubles], jacobian: Callable[[Doubles], Doubles], nu: Doubles, step: float = _FIRST
) -> Doubles:
    """Where d rate/dt = -rate + Phi(rates) comes to rest."""
    for _ in range(_MOST):
        force = transfer(nu) - nu
        if float(np.abs(force).max()) < _FOUND * max(1.0, float(nu.max())):
            return nu
        slopes = jacobian(nu)
        growth = float(np.linalg.eigvals(slopes).real.max()) - 1  # a step that is too long for it would turn back
        step = min(step, 0.5 / growth) if growth > 0 else step
        move = np.linalg.solve(np.eye(len(nu)) * (1 / step + 1) - slopes, force)
        far = float(np.abs(move / (1 + nu)).max())
        if far > 0.3 and step > 1e-6:  # a longer step might end in the basin of another state
            step /= 2
            continue
        nu, step = np.maximum(nu + move, 0), step * (1.5 if far < 0.1 else 1.0)
    raise Error(f"start: no stationary state was reached in {_MOST} steps; the rates were {nu.round(3).tolist()}")


def shaped(what: str, value: Any, shape: Tuple[int, ...]) -> Doubles:
    array = np.asarray(given(what, value), np.float64)
    if array.ndim and array.shape != shape:
        raise InvalidError(f"{what}: expected a number or shape {list(shape)}, got {list(array.shape)}")
    all_are(what, array, np.isfinite(array), "finite")
    return np.broadcast_to(array, shape).copy()


def _split(variance: Doubles, tau_syn: Doubles) -> Tuple[Doubles, Doubles]:
    """What has a memory, over its time constant; and what has none."""
    lasts = tau_syn > 0
    return np.divide(variance, tau_syn, out=np.zeros_like(variance), where=lasts), np.where(lasts, 0.0, variance)


def _rates(nu: Doubles, n: int) -> Doubles:
    if nu.shape != (n,) or np.any(nu < 0) or not np.isfinite(nu).all():
        raise InvalidError(f"start: expected a rate of at least 0 for each of {n} populations")
    return nu.copy()
