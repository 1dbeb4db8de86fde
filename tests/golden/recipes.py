"""Networks and trainers whose files were written by earlier releases, made again by this one.

Each entry of NETWORKS makes a built network, each entry of TRAINERS a trainer that was saved in the middle of a run.
make.py writes them, with what came after; bindings/python/tests/test_golden.py holds today's library against it.
"""

import numpy as np

import neuroai as na

DT = 20.0


def decision(**population):
    """Excitation and inhibition under Dale's law, placed, sparse; from weights as 0.1.0 drew them by default."""
    net = compose_decision(population)
    return with_weights_of(net, compose_decision(population, na.Balanced(), na.Gamma(2, 0.5 / 12)))


def with_weights_of(net, other):
    """What a file holds of how initial weights are drawn stays as it is."""
    for source, target in net.projections:
        net.set_weights(source, target, other.weights(source, target))
    return net


def compose_decision(population, recurrent=None, readout=None):
    net = na.Network(dt=DT)
    net.input("stimulus", 3).output("choice", 3)
    net.population("E", 12, sign=+1, **population).population("I", 4, sign=-1, **population)
    net.place("E I", box=(1, 1, 1))
    net.connect("stimulus", "E I").connect("E I", "E I", density=0.5, initial=recurrent)
    net.connect("E", "choice", initial=readout)
    return net.build(seed=1)


def numbers():
    """Every number of every kind of node, one value and one a unit; every transfer function; both leaks."""
    net = na.Network(dt=DT)
    net.input("plain", 2).input("noisy", 3, noise=0.1, tau=[50, 60, 70], baseline=0.2, rectify=1)
    transfers = ["relu", "tanh", "softplus", "logistic", "linear", "rectified_tanh", "power"]
    for k, transfer in enumerate(transfers):
        more = {"exponent": [1.5, 2.0, 2.5]} if transfer == "power" else {}
        net.population(
            f"area/{transfer}", 3, leak="rate" if k % 2 else "current", transfer=transfer, tau=[40, 50 + k, 60],
            noise=0.1 * (k % 3), bias=[0.1, 0.0, -0.1], initial=0.05 * k, gain=0.5 + 0.1 * k,
            plastic_bias=[1, 0, 1], plastic_initial=k % 2, **more,
        )
    net.output("z", 2, bias=[0.5, -0.5], plastic_bias=[1, 0])
    net.connect("plain noisy", "area/*", initial=na.Normal(0, 0.3))
    net.connect("area/*", "area/*", density=0.6, initial=na.Normal(0, 0.2))
    net.connect("area/*", "z", initial=na.Uniform(-0.3, 0.3))
    return net.build(seed=2)


def constraints():
    """Every built-in constraint, delays, layers, frozen and fixed synapses, positions of all kinds."""
    return with_weights_of(compose_constraints(), compose_constraints(na.Balanced()))


def compose_constraints(recurrent=None):
    net = na.Network(dt=DT)
    net.input("in", 4).output("out", 2)
    net.population("E", 8, sign=+1, tau=60).population("I", 4, sign=-1, tau=40)
    net.population("h1", 6, tau=DT, transfer="tanh").population("h2", 5, tau=DT, transfer="softplus")
    net.place("E I", lattice=0.2).place("h1", sphere=0.5)
    net.place("h2", positions=np.arange(15, dtype=np.float32).reshape(5, 3) / 10)
    net.connect("in", "E I").constrain("in", "E", na.Nonnegative())
    net.connect("E I", "E I", initial=recurrent).constrain("E", "E I", na.Sparse(0.5)).constrain("E I", "*", na.Dale("reflect"))
    net.constrain("E", "E", na.MaxWeight(0.4)).constrain("I", "E", na.DistanceDependent(0.8, 0.5))
    net.connect("E", "h1", delay=3 * DT, plastic=False).connect("h1", "h2", delay=0, autapses=True)
    net.constrain("h1", "h2", na.Sign(+1)).constrain("h1", "h2", na.Mask(np.arange(30).reshape(5, 6) % 3 > 0))
    net.connect("h2", "out", plastic=(np.arange(10).reshape(2, 5) % 2)).connect("h2", "h2", autapses=True)
    return net.build(seed=3)


NETWORKS = {"decision": lambda: decision(noise=0.1), "numbers": numbers, "constraints": constraints}


def drive(net):
    """Inputs of a fixed pattern, [steps, trials, channels]."""
    n = sum(net.inputs.values())
    t, b, c = np.meshgrid(np.arange(12), np.arange(3), np.arange(n), indexing="ij")
    return np.sin(0.7 * t + 1.3 * b + 0.9 * c).astype(np.float32)


# --- trainers ---------------------------------------------------------------------------------------------------------


def task():
    return na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=100, decision=40)


def stages():
    """Stage 1 has a staircase and is met after three evaluations."""
    return na.Curriculum(
        na.Stage("easy", 0, coherence=[51.2, 100]),
        na.Stage("shaped", 0, coherence=na.Staircase(100, 10, step=60, harder_at=0, easier_at=0)),
        na.Stage("last", 1, stimulus=200),
    )


def tanh_net(**more):
    net = na.Network(dt=DT)
    net.input("stimulus", 3).output("choice", 3).population("units", 12, tau=60, transfer="tanh", **more)
    net.connect("stimulus", "units").connect("units", "units").connect("units", "choice")
    return net.build(seed=4)


def trainer(net, rule, cost=None, optimizer=None, **options):
    options = {"batch": 8, "evaluate_every": 5, "evaluate_trials": 20, **options}
    cost = na.CrossEntropy("choice") if cost is None else cost
    return na.Trainer(net, task(), cost, rule, optimizer or na.Adam(1e-3), **options)



RULES = {
    "bptt": lambda: na.BPTT(),
    "truncated_bptt": lambda: na.TruncatedBPTT(4),
    "rtrl": lambda: na.RTRL(),
    "uoro": lambda: na.UORO(seed=5),
    "rflo": lambda: na.RFLO(seed=5),
    "rflo_within": lambda: na.RFLO(seed=5, update_every=3),
    "eprop": lambda: na.EProp(),
    "eprop_random": lambda: na.EProp("random", seed=5),
    "eprop_adaptive": lambda: na.EProp("adaptive", seed=5),
    "snap1": lambda: na.SnAp1(),
    "feedback_alignment": lambda: na.FeedbackAlignment(seed=5),
    "direct_feedback_alignment": lambda: na.DirectFeedbackAlignment(seed=5),
    "sign_symmetry": lambda: na.SignSymmetry("fixed", seed=5),
    "kolen_pollack": lambda: na.KolenPollack(seed=5),
    "weight_mirror": lambda: na.WeightMirror(seed=5),
    "node_perturbation": lambda: na.NodePerturbation(sd=0.01, seed=5),  # the default of 0.1.0
    "reward_hebbian": lambda: na.RewardHebbian(seed=5),
}
LEAST_SQUARES = {"force": lambda: na.FORCE(), "full_force": lambda: na.FullFORCE(seed=5)}
OPTIMIZERS = {
    "sgd": lambda: na.SGD(0.01),
    "momentum": lambda: na.Momentum(0.01),
    "rmsprop": lambda: na.RMSProp(1e-3),
    "adamw": lambda: na.AdamW(1e-3),
}


def real_targets(batch):
    for b, generator in batch.generators():
        phase = generator.uniform(0, 6)
        t = np.arange(batch.input.shape[0], dtype=np.float32)[:, None]
        batch.input[:, b] = np.sin(0.3 * t + phase)
        batch.target[:, b] = np.cos(0.2 * t + phase + np.arange(3)) / 2


def least_squares(rule):
    own = na.Task(real_targets, steps=15, classes=False, name="waves")
    options = {"batch": 2, "evaluate_every": 0}
    return na.Trainer(tanh_net(), own, na.MSE("choice"), rule, na.SGD(0.01), **options)


TRAINERS = {f"rule_{name}": (lambda rule=rule: trainer(tanh_net(), rule())) for name, rule in RULES.items()}
TRAINERS.update({f"rule_{name}": (lambda rule=rule: least_squares(rule())) for name, rule in LEAST_SQUARES.items()})
TRAINERS.update(
    {f"optimizer_{name}": (lambda make=make: trainer(decision(), na.BPTT(), optimizer=make())) for name, make in OPTIMIZERS.items()}
)
#: Adam, several costs, learning initial states, and where the curriculum stands: updates made at each stage.
for stage, updates in enumerate((3, 12, 25)):
    TRAINERS[f"stage_{stage}"] = lambda: trainer(
        decision(noise=0.1, plastic_initial=1),
        na.BPTT(),
        na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I") + 1e-4 * na.Distance("E I", "E I"),
        curriculum=stages(),
        clip=1.0,
    )
UPDATES = {"stage_0": 3, "stage_1": 12, "stage_2": 25}
