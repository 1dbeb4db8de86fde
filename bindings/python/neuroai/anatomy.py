"""Anatomy: published probabilities of connection by cell type, and networks laid out from them.

:func:`tables` lists the names of the tables, :func:`table` gives one, and :func:`populate` makes its populations and
projections::

    net = na.Network(dt=10).input("stimulus", 16).output("choice", 2)
    na.anatomy.populate(net, "allen_l23", {"E": 200, "PV": 30, "SST": 20, "VIP": 20}, area="V1")
    net.connect("stimulus", "V1/E").connect("V1/E", "choice").build(1)
    na.plot.connectivity(na.anatomy.table("allen_l23"))

:class:`Areas` links areas by the exponential distance rule and connects their cells::

    cortex = na.anatomy.Areas("V1 V2 PFC", positions=[[0, 0, 0], [3, 0, 0], [10, 0, 0]], level=[0, 1, 3], density=1)
    net = na.Network(dt=10)
    for area in cortex.names:
        na.anatomy.populate(net, "allen_l23", {"E": 80, "PV": 20, "SST": 15, "VIP": 10}, area=area)
    cortex.connect(net)
    na.plot.areas(cortex)

A probability is that of a synapse from a cell of one type onto a cell of another: arrays are [post, pre], and what was
not measured is NaN.
"""

from __future__ import annotations

import difflib
from ctypes import c_char_p, c_double, c_int32, c_int64
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Record
from ._handle import (
    Handle,
    Names,
    as_array,
    brief,
    expect,
    frozen,
    joined,
    kept,
    listed,
    real,
    spelt,
    text,
    texts,
    whole,
    wrong_type,
)
from ._kinds import of_their_kind
from .constraint import DistanceDependent
from .errors import InvalidError, UnknownNameError, UnsupportedError
from .network import Network

__all__ = ["Areas", "LOCAL_LENGTH", "Projection", "SPECIES", "Table", "connect", "populate", "table", "tables"]

#: Length constant of axons within an area, mm (Markov et al. 2011, second-hand).
LOCAL_LENGTH = 0.23

#: Species of which the areas' density, and of the macaque also the length, are known.
SPECIES = ("macaque", "mouse")

_SIGNS = {"E": +1, "I": -1, "PV": -1, "SST": -1, "VIP": -1}


class Table(Closed):
    """Probabilities of connection by cell type: a published one (:func:`table`), or one of your own.

    Args:
        types: names of the cell types: ``"E PV SST VIP"`` or a list.
        probability: [n, n], post and pre: 0 to 1; NaN where it was not measured.
        signs: +1, -1 or 0 for each type, by its name or in their order. Default: by how the name ends, +1 for "E"; -1 for
            "I", "PV", "SST" and "VIP".
        cells: published numbers of cells, by type or in their order.
        distance: mm between the two cells, where the probability is at one distance.
        name, species, area, measured, source: words, for people.
    """

    _otherwise = "make another table"

    #: Name, such as "billeh2020"; what was measured, in what species and area; where the numbers are from.
    name: str
    species: str
    area: str
    measured: str
    source: str
    #: Names of the cell types, in the order of the rows and columns of ``probability``.
    types: Tuple[str, ...]
    #: By type: +1 excitatory, -1 inhibitory, 0 free.
    signs: "Record[str, int]"
    #: Published numbers of cells by type, or None.
    cells: "Optional[Record[str, int]]"
    #: float64 [n, n], post and pre; NaN where it was not measured.
    probability: npt.NDArray[np.float64]
    #: mm between the two cells, where the probability is at one distance; else 0.
    distance: float

    def __init__(
        self,
        types: Names,
        probability: npt.ArrayLike,
        *,
        signs: Union[Mapping[str, int], Sequence[int], None] = None,
        cells: Union[Mapping[str, int], Sequence[int], None] = None,
        distance: float = 0.0,
        name: str = "",
        species: str = "",
        area: str = "",
        measured: str = "",
        source: str = "",
    ) -> None:
        names = tuple(joined(types, "types").split())
        matrix = as_array("probability", probability, (len(names), len(names)), np.float64)
        given_signs = {each: _sign_of(each) for each in names} if signs is None else _by_type("signs", signs, names)
        for each, sign in given_signs.items():
            if sign not in (-1, 0, 1):
                raise InvalidError(f"signs: that of {brief(each)} is {sign}, must be +1, -1 or 0")
        self._keep(
            types=names,
            probability=kept(matrix, probability),
            signs=Record({each: given_signs.get(each, 0) for each in names}),
            cells=None if cells is None else Record(_all_types("cells", _by_type("cells", cells, names), names)),
            distance=real("distance", distance),
            **{word: str(value) for word, value in _words(name, species, area, measured, source)},
        )
        struct = self._struct()
        _c.nai_connectivity_probability(c_double(), struct, names[0] if names else "", names[0] if names else "")

    def _struct(self) -> Any:
        """The same for the C library; valid as long as what it returns."""
        n = len(self.types)
        struct = _c.nai_connectivity(n=n, distance=self.distance)
        struct.name = (self.name or "table").encode()
        struct.type = (c_char_p * max(n, 1))(*(each.encode() for each in self.types))
        struct.sign = (c_int32 * max(n, 1))(*self.signs.values())
        struct.probability = (c_double * max(n * n, 1))(*self.probability.ravel())
        if self.cells is not None:
            struct.cells = (c_int64 * n)(*self.cells.values())
        return struct

    def __reduce__(self) -> Any:
        words = {word: getattr(self, word) for word in ("name", "species", "area", "measured", "source", "distance")}
        cells = None if self.cells is None else dict(self.cells)
        return _table_again, (self.types, self.probability, {**words, "signs": dict(self.signs), "cells": cells})

    def between(self, source: str, target: str) -> float:
        """Probability that a cell of type ``source`` has a synapse onto one of type ``target``; NaN: not measured."""
        value = c_double()
        _c.nai_connectivity_probability(value, self._struct(), source, target)
        return value.value

    def scaled(self, factor: float) -> Dict[str, int]:
        """The published numbers of cells times ``factor``, each at least 1: for ``counts`` of :func:`populate`."""
        if self.cells is None:
            raise UnsupportedError(f"{self.name or 'the table'} has no numbers of cells")
        if not 0 < real("factor", factor) <= 1e6:
            raise InvalidError(f"factor is {brief(factor)}, must be above 0 and at most 1e6")
        return {each: max(1, round(n * factor)) for each, n in self.cells.items() if n}

    def __repr__(self) -> str:
        about = ", ".join(word for word in (self.species, self.area) if word)
        width = max(6, *(len(each) for each in self.types)) + 1
        head = f"{self.name or 'Table'}{f' ({about})' if about else ''}: probability, to (rows) from (columns)"
        lines = [head, " " * width + "".join(f"{each:>{width}}" for each in self.types)]
        for each, row in zip(self.types, self.probability):
            numbers = "".join(f"{'-' if np.isnan(p) else f'{round(p, 4):g}':>{width}}" for p in row)
            lines.append(f"{each:<{width}}{numbers}")
        return "\n".join(lines)


def _table_again(types: Tuple[str, ...], probability: npt.NDArray[Any], options: Dict[str, Any]) -> Table:
    return Table(types, probability, **options)


def _words(*values: str) -> Iterator[Tuple[str, str]]:
    return zip(("name", "species", "area", "measured", "source"), values)


def _sign_of(name: str) -> int:
    found = [sign for end, sign in _SIGNS.items() if name.endswith(end)]
    if not found:
        raise InvalidError(f"signs: give that of {brief(name)}; only names that end with {', '.join(_SIGNS)} have one")
    return found[0]


def _by_type(what: str, values: Any, types: Sequence[str]) -> Dict[str, int]:
    """Whole numbers by cell type, from a mapping of some of the types or a sequence of all."""
    if not isinstance(values, Mapping):
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise wrong_type(what, 'whole numbers by cell type, such as {"E": 80, "PV": 10}', values)
        if len(values) != len(types):
            raise InvalidError(f"{what}: expected {len(types)} numbers, for {listed(types)}, got {len(values)}")
        values = dict(zip(types, values))
    for each in values:
        if each not in types:
            near = difflib.get_close_matches(str(each), types, 1)
            hint = f"did you mean {brief(near[0])}?" if near else f"there are {listed(types)}"
            raise UnknownNameError(f"{what}: there is no cell type {brief(each)}; {hint}")
    return {each: whole(f"{what} of {brief(each)}", n) for each, n in values.items()}


def _all_types(what: str, values: Dict[str, int], types: Sequence[str]) -> Dict[str, int]:
    lacking = [each for each in types if each not in values]
    if lacking:
        raise InvalidError(f"{what}: none for {listed(lacking)}")
    return {each: values[each] for each in types}


def tables() -> List[str]:
    """Names of the published tables."""
    return list(texts(_c.nai_connectivity_name))


@of_their_kind
def table(name: str) -> Table:
    """The published table of this name."""
    struct = _c.nai_connectivity()
    _c.nai_connectivity_find(struct, spelt(name, tables()))
    n = struct.n
    return Table(
        [text(struct.type[i]) for i in range(n)],
        frozen(np.array(struct.probability[: n * n]).reshape(n, n)),
        signs=struct.sign[:n],
        cells=struct.cells[:n] if struct.cells else None,
        distance=struct.distance,
        **{word: text(getattr(struct, word)) for word in ("name", "species", "area", "measured", "source")},
    )


def _table(given: Union[str, Table]) -> Table:
    return table(given) if isinstance(given, str) else expect("table", given, Table, "a name or a na.anatomy.Table")


#: Ports by pair of types: {("SST", "E"): "dendrite"}.
Ports = Mapping[Tuple[str, str], str]


@of_their_kind
def populate(
    net: Network,
    table: Union[str, Table],
    counts: Union[Mapping[str, int], Sequence[int], None] = None,
    *,
    area: str = "",
    parameters: Optional[Mapping[str, Mapping[str, Any]]] = None,
    ports: Optional[Ports] = None,
    missing: Optional[float] = None,
    length: Optional[float] = None,
    **projections: Any,
) -> Network:
    """Adds a population for each cell type of a table, with its sign, and connects them with its probabilities.

    Args:
        net: a network that is not built yet.
        table: a name, as of :func:`tables`, or a table of your own.
        counts: number of units by type, ``{"E": 80, "PV": 10}``; types that are not named are left out. Default: the
            published numbers of cells, of which ``table.scaled(0.01)`` gives a hundredth.
        area: name of the area: populations are called "area/type", without an area "type".
        parameters: for each type the keywords of its :meth:`neuroai.Network.population`: ``{"E": {"tau": 50}}``; those
            of "*" are for all.
        ports: for a pair (source, target) of types the port of the target: ``{("SST", "E"): "dendrite"}``.
        missing: probability of pairs that were not measured. Default: they are refused.
        length: mm; probabilities are multiplied by exp(-distance / length), and populations must be placed. Axons within
            an area reach 0.23 mm (``na.anatomy.LOCAL_LENGTH``).
        projections: keywords of :meth:`neuroai.Network.connect` for each projection: ``delay=20``, ``plastic=False``.
    """
    used = _table(table)
    if counts is None and used.cells is None:
        raise InvalidError(f"counts: {used.name or 'the table'} has no numbers of cells, so give them by type")
    cells = dict(used.cells or {}) if counts is None else _by_type("counts", counts, used.types)
    for each, n in cells.items():
        if n < 0:
            raise InvalidError(f"counts: that of {brief(each)} is {n}, must be at least 0")
    chosen = [each for each in used.types if cells.get(each)]
    if not chosen:
        raise InvalidError("counts: there is no unit of any cell type")
    by_type = dict(parameters or {})
    common = dict(by_type.pop("*", {}))
    _known("parameters", by_type, used)
    planned = _plan(used, chosen, ports, missing)
    for each in chosen:
        net.population(_named(area, each), cells[each], used.signs[each], **{**common, **by_type.get(each, {})})
    return _connect(net, area, planned, length, projections)


@of_their_kind
def connect(
    net: Network,
    table: Union[str, Table],
    *,
    area: str = "",
    ports: Optional[Ports] = None,
    missing: Optional[float] = None,
    length: Optional[float] = None,
    **projections: Any,
) -> Network:
    """Connects populations that are there already, called as the types of a table; see :func:`populate`."""
    used = _table(table)
    there = net.populations
    chosen = [each for each in used.types if _named(area, each) in there]
    if not chosen:
        where = f"area {brief(area)}" if area else "the network"
        raise UnknownNameError(f"{where} has no population of a cell type of {used.name or 'the table'}")
    return _connect(net, area, _plan(used, chosen, ports, missing), length, projections)


def _named(area: str, each: str) -> str:
    return f"{area}/{each}" if area else each


def _known(what: str, given: Mapping[str, Any], used: Table) -> None:
    for each in given:
        if each not in used.types:
            raise UnknownNameError(f"{what}: there is no cell type {brief(each)}; there are {listed(used.types)}")


def _plan(
    used: Table, chosen: Sequence[str], ports: Optional[Ports], missing: Optional[float]
) -> List[Tuple[str, str, str, float]]:
    """The projections: source, target, its port (or none), probability."""
    if missing is not None and not 0 <= real("missing", missing) <= 1:
        raise InvalidError(f"missing is {brief(missing)}, must be 0 to 1")
    onto = dict(ports or {})
    for pair in onto:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise wrong_type("ports", 'pairs of types, such as {("SST", "E"): "dendrite"}', pair)
        _known("ports", dict.fromkeys(pair), used)
    found = []
    for source in chosen:
        for target in chosen:
            probability = float(used.probability[used.types.index(target), used.types.index(source)])
            if np.isnan(probability):
                if missing is None:
                    raise UnsupportedError(
                        f"{used.name or 'the table'} has no probability from {brief(source)} to {brief(target)}, which "
                        "was not measured: give missing=, or leave out one of the two"
                    )
                probability = float(missing)
            if probability > 0:
                found.append((source, target, onto.get((source, target), ""), probability))
    return found


def _connect(
    net: Network,
    area: str,
    planned: Sequence[Tuple[str, str, str, float]],
    length: Optional[float],
    projections: Mapping[str, Any],
) -> Network:
    falls = [] if length is None else [DistanceDependent(probability, length) for *_, probability in planned]
    for number, (source, target, port, probability) in enumerate(planned):
        ends = _named(area, source), _named(area, target) + (f":{port}" if port else "")
        sparse = {} if falls or probability == 1 else {"density": probability}
        net.connect(*ends, **{**sparse, **projections})
        if falls:
            net.constrain(*ends, falls[number])
    return net


# --- areas -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Projection:
    """A projection between areas, as :meth:`Areas.plan` gives it."""

    #: Population that sends, and that receives (with its port, if one was given).
    source: str
    target: str
    #: With which each synapse exists.
    probability: float
    #: Between the two areas, mm.
    distance: float


class Areas(Handle):
    """Areas of cortex, linked by the exponential distance rule (Ercsey-Ravasz et al. 2013).

    The weight from area b to area a is exp(-distance / length) exp(spread z - spread^2 / 2), z standard normal. As many
    links exist as ``density`` says; the weights of those that exist, divided by their sum, are the fractions of labelled
    neurons (:attr:`fln`). Arrays are [target, source].

    Args:
        names: of the areas, "V1 V2 PFC" or a list.
        positions: [n, 3], mm. Give these, distances or a sphere.
        distances: [n, n], mm, target and source.
        sphere: radius, mm: with positions, distances are measured along this sphere about the origin; without, areas are
            placed on it at random.
        level: [n], levels of the hierarchy, low is sensory; the fraction of a link that is feed-forward is :attr:`sln` =
            Phi(steepness (level of target - level of source)). Default: 0.5.
        species: "macaque" (density 0.66, length 5.26 mm) or "mouse" (density 0.97; its length could not be read).
        density: fraction of all possible links that exist. Default: that of the species.
        length: of the distance rule, mm. Default: that of the species.
        spread: standard deviation of the logarithm of the weights about the rule.
        random: False: the strongest links exist; True: each with probability min(1, k weight).
        steepness: of the fraction of a link that is feed-forward.
        seed: of what is random.
    """

    _otherwise = "make other areas"

    #: Names of the areas, in the order of the arrays.
    names: Tuple[str, ...]
    #: float64 [n, 3], mm, or None where distances were given.
    positions: Optional[npt.NDArray[np.float64]]
    #: float64 [n], or None.
    level: Optional[npt.NDArray[np.float64]]
    #: float64 [n, n]: distance, mm; weight by the distance rule; fraction of what an area gets from others that comes
    #: from this one; fraction of that which is feed-forward.
    distances: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    fln: npt.NDArray[np.float64]
    sln: npt.NDArray[np.float64]
    #: bool [n, n]: which links exist.
    links: npt.NDArray[np.bool_]
    #: Fraction of all possible links that exist.
    density: float

    def __init__(
        self,
        names: Names,
        positions: Optional[npt.ArrayLike] = None,
        *,
        distances: Optional[npt.ArrayLike] = None,
        sphere: Optional[float] = None,
        level: Optional[npt.ArrayLike] = None,
        species: str = "macaque",
        density: Optional[float] = None,
        length: Optional[float] = None,
        spread: float = 0.0,
        random: bool = False,
        steepness: float = 1.0,
        seed: int = 0,
    ) -> None:
        called = tuple(joined(names).split())
        n = len(called)
        if distances is not None and (positions is not None or sphere is not None):
            raise InvalidError("distances: give them, or positions and a sphere, not both")
        if distances is None and positions is None and sphere is None:
            raise InvalidError("positions: give them, or distances=, or sphere=")
        where = None if positions is None else as_array("positions", positions, (n, 3), np.float64)
        if distances is None:
            if where is None:
                where = np.empty((n, 3))
                _c.nai_areas_place(where, n, sphere, seed)
            apart = np.empty((n, n))
            _c.nai_areas_measure(apart, where, n, 0.0 if sphere is None else sphere)
        else:
            apart = as_array("distances", distances, (n, n), np.float64)
        levels = None if level is None else as_array("level", level, (n,), np.float64)
        rule = _c.nai_areas_rule()
        _c.nai_areas_rule_find(rule, species)
        if density is not None:
            rule.density = real("density", density)
        if length is not None:
            rule.length = real("length", length)
        rule.spread, rule.steepness = real("spread", spread), real("steepness", steepness)
        rule.random = int(bool(random))
        pointer = _c.new(_c.nai_areas)
        _c.nai_areas_create(pointer, " ".join(called), apart, levels, n, rule, seed)
        self._adopt(pointer, _c.nai_areas_destroy)
        rules = {"density": rule.density, "length": rule.length, "spread": rule.spread, "steepness": rule.steepness}
        self._again = {**rules, "random": bool(random), "seed": seed}
        links = self._read(_c.NAI_AREAS_LINK) != 0
        self._keep(
            names=called,
            positions=None if where is None else frozen(where.copy()),
            level=None if levels is None else frozen(levels.copy()),
            distances=self._read(_c.NAI_AREAS_DISTANCE),
            weights=self._read(_c.NAI_AREAS_WEIGHT),
            fln=self._read(_c.NAI_AREAS_FLN),
            sln=self._read(_c.NAI_AREAS_SLN),
            links=frozen(links),
            density=float(links.sum() / max(1, n * (n - 1))),
        )

    def __reduce__(self) -> Any:
        return _areas_again, (self.names, self.positions, self.distances, self.level, self._again)

    def _read(self, what: int) -> npt.NDArray[np.float64]:
        n = int(_c.nai_areas_count(self))
        values = np.empty((n, n))
        _c.nai_areas_read(values, self, what)
        return frozen(values)

    def plan(
        self,
        net: Network,
        *,
        feedforward: Names = "*E *PV *I",
        feedback: Names = "*E *SST *VIP *I",
        feedforward_from: Names = "*",
        feedback_from: Names = "*",
        local: float = 0.8,
        indegree: float = 0.0,
        least: float = 5.0,
    ) -> Tuple[Projection, ...]:
        """The projections between areas of a network, whose populations are called "area/type"; see :meth:`connect`."""
        streams = _c.nai_streams()
        streams.feedforward = joined(feedforward, "feedforward").encode()
        streams.feedback = joined(feedback, "feedback").encode()
        streams.feedforward_from = joined(feedforward_from, "feedforward_from").encode()
        streams.feedback_from = joined(feedback_from, "feedback_from").encode()
        streams.local, streams.indegree = real("local", local), real("indegree", indegree)
        streams.least = real("least", least)
        count = c_int64()
        _c.nai_areas_plan(count, self, net, streams)
        shown = _c.nai_areas_projection()
        found = []
        for index in range(count.value):
            _c.nai_areas_planned(shown, self, index)
            ends = text(getattr(shown, "from")), text(shown.to)
            found.append(Projection(*ends, shown.probability, shown.distance))
        return tuple(found)

    def connect(
        self,
        net: Network,
        *,
        feedforward: Names = "*E *PV *I",
        feedback: Names = "*E *SST *VIP *I",
        feedforward_from: Names = "*",
        feedback_from: Names = "*",
        local: float = 0.8,
        indegree: float = 0.0,
        least: float = 5.0,
        velocity: Optional[float] = None,
        **projections: Any,
    ) -> Network:
        """Connects the areas of a network that is not built yet. Only excitatory populations send.

        An area whose local projections are expected to have S synapses gets S (1 - local) / local from other areas, by
        :attr:`fln`; of those of a link the fraction :attr:`sln` is feed-forward. All targets of a stream have the same
        probability.

        Args:
            net: its populations are called "area/type".
            feedforward: targets of feed-forward links: cell types or shell patterns, which may have a port.
            feedback: targets of feedback links: ``"E:dendrite SST VIP"``.
            feedforward_from: senders of feed-forward links, such as "L23E".
            feedback_from: senders of feedback links, such as "L5E L6E".
            local: fraction of an area's synapses that are local (Markov et al. 2013: about 0.8).
            indegree: synapses from other areas onto a unit, on average, in place of ``local``.
            least: synapses that each link is expected to have before the rest is shared out by :attr:`fln`, so that weak
                links do not vanish from a small network.
            velocity: of axons, mm/ms: the delay is distance / velocity, at least dt, a multiple of dt.
            projections: keywords of :meth:`neuroai.Network.connect`: ``delay=20``, ``plastic=False``.
        """
        if velocity is not None and not 0 < real("velocity", velocity) <= 1e9:
            raise InvalidError(f"velocity is {brief(velocity)} mm/ms, must be above 0 and at most 1e9")
        planned = self.plan(
            net,
            feedforward=feedforward,
            feedback=feedback,
            feedforward_from=feedforward_from,
            feedback_from=feedback_from,
            local=local,
            indegree=indegree,
            least=least,
        )
        for each in planned:
            keywords = {} if each.probability == 1 else {"density": each.probability}
            if velocity is not None:
                keywords["delay"] = net.dt * max(1, round(each.distance / velocity / net.dt))
            net.connect(each.source, each.target, **{**keywords, **projections})
        return net

    def __repr__(self) -> str:
        pairs = len(self.names) * (len(self.names) - 1)
        return f"Areas({listed(self.names)}: {int(self.links.sum())} of {pairs} links)"


def _areas_again(
    names: Tuple[str, ...],
    positions: Optional[npt.NDArray[Any]],
    distances: npt.NDArray[Any],
    level: Optional[npt.NDArray[Any]],
    options: Dict[str, Any],
) -> Areas:
    """From the distances that were measured, so with the same bits whatever they were measured along."""
    again = Areas(names, distances=distances, level=level, **options)
    again._keep(positions=None if positions is None else frozen(positions.copy()))
    return again
