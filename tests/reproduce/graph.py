"""Measures of graphs: how modular a network of wires is, how small a world. Graphs are bool [n, n], symmetric but for
`strongest_directed()` and `modularity_und()`.

Run this file for its self-check.
"""

from __future__ import annotations

import numpy as np

_KEPT = 1e-10  # gains in modularity below this are rounding


def strongest(weights, density):
    """The undirected graph of the pairs with the largest (|W| + |W^T|) / 2; ``density`` of all pairs, self left out.

    Two networks of one size have exactly the same number of edges then, which directed thresholds do not give.
    """
    size = np.abs(weights) + np.abs(weights).T
    rows, columns = np.triu_indices(len(size), 1)
    edges = np.argsort(-size[rows, columns], kind="stable")[: round(density * len(rows))]
    return _graph(len(size), rows[edges], columns[edges])


def strongest_directed(weights, density, diagonal):
    """The directed graph of the weights of the largest size, ``density`` of all, with those onto themselves or not."""
    size = np.abs(weights)
    if not diagonal:
        size = np.where(np.eye(len(size), dtype=bool), -1, size)
    return size > np.quantile(size[size >= 0], 1 - density)


def random_graph(n, edges, rng):
    """A graph with so many edges, all such graphs being equally likely (Erdos & Renyi 1959)."""
    rows, columns = np.triu_indices(n, 1)
    chosen = rng.permutation(len(rows))[:edges]
    return _graph(n, rows[chosen], columns[chosen])


def rewired(graph, rng, swaps=10):
    """A random graph where each unit has as many edges as here: pairs of edges swap ends (Maslov & Sneppen 2002)."""
    found = graph.copy()
    rows, columns = (side.tolist() for side in np.nonzero(np.triu(graph, 1)))
    for one, other in rng.integers(len(rows), size=(swaps * len(rows), 2)).tolist():
        a, b, c, d = rows[one], columns[one], rows[other], columns[other]
        if len({a, b, c, d}) == 4 and not found[a, d] and not found[c, b]:
            found[a, b] = found[b, a] = found[c, d] = found[d, c] = False
            found[a, d] = found[d, a] = found[c, b] = found[b, c] = True
            columns[one], columns[other] = d, b
    return found


def _graph(n, rows, columns):
    graph = np.zeros((n, n), bool)
    graph[rows, columns] = graph[columns, rows] = True
    return graph


def clustering(graph):
    """Mean over units of the fraction of a unit's pairs of neighbours that are neighbours (Watts & Strogatz 1998).

    A unit with fewer than two neighbours has 0.
    """
    a = graph.astype(float)
    degree = a.sum(axis=1)
    closed = np.einsum("ij,jk,ki->i", a, a, a, optimize=True)
    return float(np.mean(closed / np.maximum(degree * (degree - 1), 1)))


def distances(graph):
    """Fewest edges from unit to unit [n, n]; infinite where there is no way."""
    n = len(graph)
    found = np.where(np.eye(n, dtype=bool), 0.0, np.inf)
    front, length = np.eye(n, dtype=bool), 0
    while front.any():
        length += 1
        front = (front.astype(np.float32) @ graph.astype(np.float32) > 0) & np.isinf(found)
        found[front] = length
    return found


def path_length(graph):
    """Harmonic mean of the distances between different units, 1 / global efficiency (Latora & Marchiori 2001).

    Finite also where some unit cannot be reached, unlike the arithmetic mean.
    """
    apart = ~np.eye(len(graph), dtype=bool)
    return float(1 / np.mean(1 / distances(graph)[apart]))


def small_worldness(graph, rng, nulls=100):
    """sigma = (C / C0) / (L / L0); C0, L0: means over random graphs with as many edges (Humphries & Gurney 2008)."""
    edges = int(graph.sum()) // 2
    others = [random_graph(len(graph), edges, rng) for _ in range(nulls)]
    c0 = np.mean([clustering(other) for other in others])
    l0 = np.mean([path_length(other) for other in others])
    return float((clustering(graph) / c0) / (path_length(graph) / l0))


def modularity(graph):
    """Newman's Q of the best communities found: by leading eigenvectors, each split then refined (Newman 2006)."""
    return _quality(graph, _split)


def modularity_und(graph):
    """What modularity_und() of the Brain Connectivity Toolbox for Python (bctpy 0.6.1) makes of a graph.

    It splits by leading eigenvectors alone, as its refinement ends where it began. Of a directed graph, for which it is
    not meant, it takes the edges that arrive for the degree, and one direction for the eigenvectors.
    """
    return _quality(graph, _split_once)


def _quality(graph, split):
    """Q of the communities to which splitting in two leads, again and again."""
    a = graph.astype(float)
    degree, total = a.sum(axis=0), a.sum()
    excess = a - np.outer(degree, degree) / total
    label, waiting, found = np.zeros(len(a), int), [np.arange(len(a))], 0
    while waiting:
        units = waiting.pop()
        side = split(excess[np.ix_(units, units)])
        if side is None:
            label[units] = found
            found += 1
        else:
            waiting += [units[side > 0], units[side < 0]]
    same = label[:, None] == label[None, :]
    return float(excess[same].sum() / total)


def _split(excess):
    """+1 or -1 for each unit, such that splitting raises Q; None where nothing found does."""
    b = excess - np.diag(excess.sum(axis=1))
    values, vectors = np.linalg.eigh(b)
    if values[-1] < _KEPT:
        return None
    side = _refined(b, np.where(vectors[:, -1] > 0, 1.0, -1.0))
    return side if side @ b @ side > _KEPT and abs(side.sum()) < len(side) else None


def _split_once(excess):
    """+1 or -1 for each unit by the sign of the leading eigenvector; None where that does not raise Q."""
    b = excess - np.diag(excess.sum(axis=0))
    side = np.where(np.linalg.eigh(b)[1][:, -1] >= 0, 1.0, -1.0)
    return side if side @ b @ side > _KEPT and abs(side.sum()) < len(side) else None


def _refined(b, side):
    """Moves each unit once, the best first, keeps the best of these states, and again until that does not help."""
    while True:
        now, gains, path, free = side.copy(), [0.0], [side.copy()], np.ones(len(side), bool)
        for _ in range(len(side)):
            gain = 4 * (np.diag(b) - now * (b @ now))
            gain[~free] = -np.inf
            unit = int(np.argmax(gain))
            now[unit], free[unit] = -now[unit], False
            gains.append(gains[-1] + gain[unit])
            path.append(now.copy())
        best = int(np.argmax(gains))
        if gains[best] < _KEPT:
            return side
        side = path[best]


def check():
    """The measures where they are known."""
    complete = ~np.eye(8, dtype=bool)
    assert clustering(complete) == 1 and path_length(complete) == 1
    assert abs(modularity(complete)) < 1e-12  # one community: nothing to split
    two = np.kron(np.eye(2), np.ones((8, 8))).astype(bool) & ~np.eye(16, dtype=bool)
    assert abs(modularity(two) - 0.5) < 1e-12 and clustering(two) == 1
    assert np.isinf(distances(two)[0, 8]) and abs(path_length(two) - 15 / 7) < 1e-12
    ring = np.roll(np.eye(6, dtype=bool), 1, axis=0)
    ring |= ring.T
    assert clustering(ring) == 0 and abs(path_length(ring) - 5 / (2 + 2 / 2 + 1 / 3)) < 1e-12
    rng = np.random.default_rng(1)
    many = [random_graph(100, 495, rng) for _ in range(20)]
    assert all(other.sum() == 990 and not other.diagonal().any() for other in many)
    assert abs(np.mean([clustering(other) for other in many]) - 0.1) < 0.01  # C of a random graph is its density
    assert abs(small_worldness(many[0], rng) - 1) < 0.15
    shuffled = rewired(many[0], rng)
    assert (shuffled.sum(axis=0) == many[0].sum(axis=0)).all() and (shuffled == shuffled.T).all()
    assert not shuffled.diagonal().any() and (shuffled & many[0]).sum() < 400  # most edges are elsewhere now
    assert abs(modularity_und(two) - 0.5) < 1e-12
    cliques = np.kron(np.eye(10), np.ones((10, 10))).astype(bool) & ~np.eye(100, dtype=bool)
    assert abs(modularity(cliques) - 0.9) < 1e-12
    weights = rng.normal(size=(100, 100))
    assert strongest_directed(weights, 0.1, True).sum() == 1000
    assert strongest_directed(weights + 9 * np.eye(100), 0.1, True).diagonal().all()
    alone = strongest_directed(weights + 9 * np.eye(100), 0.1, False)
    assert alone.sum() == 990 and not alone.diagonal().any() and (alone != alone.T).any()
    kept = strongest(weights, 0.1)
    assert kept.sum() == 990 and (kept == kept.T).all() and not kept.diagonal().any()


if __name__ == "__main__":
    check()
    print("graph: as it should be")
