"""Training, evaluating, and being stopped."""

import gc
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import small, threads

import neuroai as na


def task(**values):
    """A short decision."""
    return na.tasks.PerceptualDecisionMaking(**{"fixation": 40, "stimulus": 200, "decision": 40, **values})


def cost():
    return na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I")


def trainer(net=None, **options):
    options = {"task": task(), "cost": cost(), "batch": 16, "evaluate_every": 10, "evaluate_trials": 50, **options}
    return na.Trainer(small(noise=0.1) if net is None else net, **options)


def plain_trials(net, n=6, steps=12, seed=0):
    draw = np.random.default_rng(seed)
    return na.Trials(draw.random((steps, n, 3)), draw.integers(0, 3, (steps, n)), draw.random((steps, n)))


def test_the_program_of_the_design(tmp_path):
    """As the documentation prints it, with fewer updates."""
    net = na.Network(dt=20)
    net.input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)
    net.place("E I", box=(1, 1, 1))
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.2)
    net.connect("E", "choice")
    net.constrain("E I", "*", na.Dale("clamp"))
    net.build(seed=1)

    trainer = na.Trainer(
        net,
        task=na.tasks.PerceptualDecisionMaking(),
        cost=na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I") + 1e-5 * na.Distance("E I", "E I"),
        rule=na.BPTT(),
        optimizer=na.Adam(1e-3),
        batch=64,
        threads=2,
    )
    history = trainer.fit(steps=30, stop_at=0.83)
    assert history.loss[-1] < history.loss[0] and len(history.performance) == 1
    net.save(tmp_path / "decision.safetensors")
    again = na.Network.load(tmp_path / "decision.safetensors")
    assert (again.weights("E", "I") == net.weights("E", "I")).all()
    for source, target in net.projections:
        weights = net.weights(source, target)
        assert (weights[net.mask(source, target) == 0] == 0).all()
        assert source == "stimulus" or (weights * net.sign(source) >= 0).all()


def test_history(net):
    t = trainer(net)
    seen = []
    history = t.fit(25, progress=False, callback=lambda now: seen.append(now) or False)
    assert len(history) == 25 and (history.step == np.arange(1, 26)).all()
    assert set(history.costs) == {"cross_entropy", "l2_rates"}
    assert np.allclose(sum(history.costs.values()), history.loss)
    assert (history.gradient_norm > 0).all()
    assert history.performance_step.tolist() == [10, 20, 25] and len(history.performance) == 3
    assert seen[6].step == 7 and seen[6].steps == 25 and seen[6].cost == history.loss[6]
    assert seen[6].costs["l2_rates"] == history.costs["l2_rates"][6] and np.isnan(seen[6].performance)
    assert set(history.to_dict()) == {
        *("step", "loss", "costs", "gradient_norm", "stage", "performance", "performance_step"),
    }
    more = t.fit(5, progress=False, evaluate_every=0)
    assert more.step.tolist() == [26, 27, 28, 29, 30] and len(more.performance) == 0
    assert len(t.history) == 30 and t.get("evaluate_every") == 10
    assert "25 updates" in repr(history) and "no updates" in repr(na.History([]))


def test_training_lowers_the_cost(net):
    t = trainer(net, optimizer=na.Adam(1e-2), evaluate_every=0)
    loss = t.fit(80, progress=False).loss
    assert loss[-10:].mean() < 0.8 * loss[:10].mean()


@pytest.mark.parametrize("rule", [na.BPTT(), na.TruncatedBPTT(5), na.RFLO(seed=1), na.FeedbackAlignment(seed=1)], ids=repr)
def test_recomputed_trials_have_the_same_gradient(rule):
    net = small(noise=0.1)
    trials = plain_trials(net, n=5, steps=23)
    whole = na.Trainer(net, cost=cost(), rule=rule).gradient(trials)
    for recompute in (1, 4, 23, -1):
        t = na.Trainer(net, cost=cost(), rule=rule, recompute=recompute)
        assert t.recompute == recompute
        found = t.gradient(trials)
        assert found.keys() == whole.keys()
        for key, value in whole.items():
            np.testing.assert_allclose(found[key], value, rtol=0, atol=2e-6 * max(1e-3, np.abs(value).max()))


def test_recompute_may_be_said_by_true():
    t = na.Trainer(small(), cost=cost(), recompute=True)
    assert t.recompute == -1
    t.recompute = False
    assert t.recompute == 0


def test_recomputed_long_trials_take_little_memory():
    net = small(noise=0.1)
    trials = plain_trials(net, n=1, steps=20000)
    took = {}
    for recompute in (0, -1):
        t = na.Trainer(net, cost=cost(), recompute=recompute)
        before = t.memory
        t.step(trials)
        took[recompute] = t.memory - before
    assert took[-1] < took[0] / 2  # outputs are kept


def test_what_cannot_be_recomputed_says_so():
    net = small()
    with pytest.raises(na.UnsupportedError, match="recompute is 5, but rule 'rtrl' needs the rates of all steps"):
        na.Trainer(net, cost=cost(), rule=na.RTRL(), recompute=5)
    with pytest.raises(na.UnsupportedError, match="recompute is -1, but cost 'rate_target' needs the rates of all"):
        na.Trainer(net, cost=cost() + na.RateTarget("E", 0.3), recompute=-1)
    t = trainer(net, recompute=4)
    t.step()
    assert t.activity("choice").shape[1:] == (16, 3)
    with pytest.raises(na.UnsupportedError, match="kept for 4 of"):
        t.activity("E")


def test_stop_at_and_callback_end_a_run(net):
    assert len(trainer(net).fit(50, stop_at=1e-9, progress=False)) in (10, 20, 30, 40, 50)
    assert len(trainer(net).fit(50, progress=False, callback=lambda now: now.step == 7)) == 7
    t = trainer(net)
    t.fit(5, stop_at=0.5, progress=False)
    assert t.get("stop_at") == 0


def test_progress_bar(net, capsys):
    trainer(net).fit(20, evaluate_every=5)
    shown = capsys.readouterr().err
    assert "20/20" in shown and "cost" in shown


def test_the_same_seed_and_any_number_of_threads_give_the_same_bits():
    results = []
    for n, seed in ((1, 0), (2, 0), (3, 0), (1, 1)):
        t = trainer(small(noise=0.1), threads=n, seed=seed, batch=40)
        history = t.fit(12, progress=False)
        results.append((history.loss, history.performance, t.net.weights("E", "E").copy()))
    for other in results[1:3]:
        assert all((a == b).all() for a, b in zip(results[0], other))
    assert (results[0][0] != results[3][0]).any()


def test_steps_on_trials_of_one_s_own(net):
    t = na.Trainer(net, cost=cost())
    trials = plain_trials(net)
    before = net.weights("E", "choice").copy()
    first = t.step(trials)
    assert set(first) == {"cross_entropy", "l2_rates", "total"}
    assert first["total"] == pytest.approx(first["cross_entropy"] + first["l2_rates"])
    assert (net.weights("E", "choice") != before).any()
    for _ in range(30):
        last = t.step(trials)
    assert last["total"] < first["total"]
    assert t.activity("E").shape == (12, 6, 12) and t.activity("choice").shape == (12, 6, 3)
    with pytest.raises(na.Error):
        t.fit(1, progress=False)
    with pytest.raises(na.Error):
        t.step()


def test_gradients_are_copies_by_name(net):
    t = trainer(net)
    trials = plain_trials(net)
    before = net.weights("E", "I").copy()
    gradient = t.gradient(trials)
    assert set(gradient) == {*net.projections, "E", "I", "choice"}
    assert gradient["E", "I"].shape == (4, 12) and gradient["choice"].shape == (3,)
    assert (gradient["E", "I"][net.mask("E", "I") == 0] == 0).all() and (gradient["E", "I"] != 0).any()
    kept = gradient["E", "I"].copy()
    t.gradient(plain_trials(net, seed=1))
    assert (gradient["E", "I"] == kept).all() and gradient["E", "I"].flags.writeable
    assert (net.weights("E", "I") == before).all()
    assert set(t.gradient()) == set(gradient)


def test_frozen_and_fixed_synapses_have_no_gradient_and_do_not_move():
    net = na.Network(20).input("u", 3).population("p", 5, bias=0.5, plastic_bias=0).output("choice", 3)
    plastic = np.arange(15).reshape(3, 5) % 2
    net.connect("u", "p", plastic=False).connect("p", "p").connect("p", "choice", plastic=plastic).build()
    before = {ends: net.weights(*ends).copy() for ends in net.projections}
    t = na.Trainer(net, cost=na.CrossEntropy("choice"))
    gradient = t.gradient(plain_trials(net))
    assert (gradient["u", "p"] == 0).all() and (gradient["p"] == 0).all()
    assert (gradient["p", "choice"][plastic == 0] == 0).all()
    for _ in range(20):
        t.step(plain_trials(net))
    assert (net.weights("u", "p") == before["u", "p"]).all() and (net.bias("p") == 0.5).all()
    moved = net.weights("p", "choice") != before["p", "choice"]
    assert not moved[plastic == 0].any() and moved[plastic == 1].any()


def test_names_of_costs_are_told_apart(net):
    t = trainer(net, cost=na.CrossEntropy("choice") + na.L2Rates("E") + 2 * na.L2Rates("I") + na.L2Rates("I"))
    assert t.cost_names == ("cross_entropy", "l2_rates(E)", "l2_rates(I)", "l2_rates(I) #4")
    costs = t.step()
    assert costs["l2_rates(I)"] == pytest.approx(2 * costs["l2_rates(I) #4"])


def test_costs_add_up():
    total = 2 * (na.MSE("z") + 0.5 * na.L1Rates("E")) + na.L1Weights("E", "*") * 3
    assert [beta for beta, _ in total.terms] == [2, 1, 3]
    assert repr(total) == "2 * MSE('z') + L1Rates('E') + 3 * L1Weights('E', '*')"
    assert len(sum([na.MSE("z"), na.L2Weights("E", "I")]).terms) == 2
    with pytest.raises(TypeError):
        na.MSE("z") + 1


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda: trainer(cost=None), TypeError, "neuroai.Cost"),
        (lambda: trainer(cost=na.MSE("nowhere")), KeyError, "nowhere"),
        (lambda: trainer(cost=-1 * na.CrossEntropy("choice")), ValueError, "beta"),
        (lambda: trainer(task="decision"), TypeError, "neuroai.Task"),
        (lambda: trainer(batch=0), ValueError, "batch"),
        (lambda: trainer().set("patience", 1), KeyError, "patience"),
        (lambda: trainer(na.Network(20)), RuntimeError, "not built"),
        (lambda: task(coherence=[5, 200]), ValueError, "coherence is .* must be 0 to 100 %"),
        (lambda: task(colour=1), ValueError, "no parameter 'colour', but fixation"),
        (lambda: na.tasks.parameters("backgammon"), ValueError, "'backgammon'; there are perceptual-decision-making"),
        (lambda: na.tasks.Chess, AttributeError, "Chess; there are PerceptualDecisionMaking"),
        (lambda: task().trials(small(), 3, stream="dream"), ValueError, "'train' or 'test'"),
        (lambda: na.evaluate(small(), None), TypeError, "neuroai.Task"),
        (lambda: na.evaluate(small(), print), TypeError, r"na.Task\(function, steps"),
        (lambda: na.evaluate(small(), task(), trials=0), ValueError, "trials"),
        (lambda: na.Adam(-1), ValueError, "rate"),
        (lambda: na.Adam(1e-3, beta1=2), ValueError, "beta1"),
    ],
)
def test_errors_are_clear(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


def test_seeds_have_64_bits(net):
    t = trainer(net, seed=2**64 - 1)
    assert t.seed == t.get("seed") == 2**64 - 1
    t.seed = 2**53 + 1
    assert t.seed == 2**53 + 1 and type(t.seed) is int
    for wrong, error in ((-1, na.InvalidError), (2**64, na.InvalidError), (0.5, na.InvalidTypeError)):
        with pytest.raises(error, match="seed"):
            t.seed = wrong
    assert t.seed == 2**53 + 1


def test_settings_describe_themselves(net):
    t = trainer(net, clip=0.5, threads=2, seed=3)
    assert {name: t.get(name) for name in ("batch", "threads", "seed", "clip")} == dict(
        batch=16, threads=2, seed=3, clip=0.5
    )
    assert set(t.parameters) >= {"batch", "threads", "seed", "clip", "evaluate_every", "evaluate_trials", "stop_at"}
    assert t.parameters["batch"].default == 64 and "batch" in str(t.parameters["batch"])
    assert "BPTT()" in repr(t)


@pytest.mark.parametrize(
    "optimizer, name, numbers",
    [
        (na.SGD(0.1), "sgd", {"rate": 0.1}),
        (na.Momentum(0.1), "momentum", {"rate": 0.1, "momentum": 0.9}),
        (na.RMSProp(0.1, decay=0.95), "rmsprop", {"rate": 0.1, "decay": 0.95, "epsilon": 1e-8}),
        (na.Adam(0.1, beta2=0.99), "adam", {"rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}),
        (na.AdamW(0.1), "adamw", {"rate": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "decay": 0.01}),
    ],
)
def test_optimisers(net, optimizer, name, numbers):
    assert optimizer.name == name
    assert {key: optimizer.get(key) for key in optimizer.parameters} == pytest.approx(numbers)
    t = na.Trainer(net, cost=cost(), optimizer=optimizer)
    trials, before = plain_trials(net), net.weights("E", "choice").copy()
    t.step(trials)
    assert (net.weights("E", "choice") != before).any()
    optimizer.rate = 0
    before = net.weights("E", "choice").copy()
    t.gradient(trials)
    assert optimizer.rate == 0 and (net.weights("E", "choice") == before).all()


def test_sgd_by_hand_and_clipping(net):
    for clip in (0, 1e-3):
        t = na.Trainer(net, cost=cost(), optimizer=na.SGD(0.01), clip=clip)
        trials = plain_trials(net)
        gradient = t.gradient(trials)
        norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in gradient.values()))
        factor = min(1, clip / norm) if clip else 1
        before = net.weights("stimulus", "E").copy()
        t.step(trials)
        assert np.allclose(net.weights("stimulus", "E"), before - 0.01 * factor * gradient["stimulus", "E"], atol=1e-7)


def test_infinity_stops_the_step_and_leaves_the_weights(net):
    t = na.Trainer(net, cost=na.MSE("choice"))
    draw = np.random.default_rng(0)
    trials = na.Trials(2e37 * draw.random((5, 2, 3)), draw.random((5, 2, 3)))
    before = {ends: net.weights(*ends).copy() for ends in net.projections}
    with pytest.raises(na.NonfiniteError, match="'stimulus'.*update 1") as caught:
        t.step(trials)
    assert isinstance(caught.value, FloatingPointError)
    assert all((net.weights(*ends) == weights).all() for ends, weights in before.items())


# --- trials and tasks ------------------------------------------------------------------------------------------------


def test_trials_of_a_task(net):
    trials = task().trials(net, 20, seed=1)
    assert trials.inputs.shape == (trials.steps, 20, 3) and not trials.inputs.flags.writeable
    assert trials.targets.dtype == np.int32 and trials.targets.shape == (trials.steps, 20)
    assert trials.lengths.shape == (20,) and "coherence" in trials.conditions and len(trials) == 20
    assert (task().trials(net, 20, seed=1).inputs == trials.inputs).all()
    assert (task().trials(net, 5, seed=1, first=10).inputs == trials.inputs[:, 10:15]).all()
    assert (task().trials(net, 20, seed=1, stream="train").inputs != trials.inputs).any()
    assert "20 of" in repr(trials) and "coherence" in repr(trials)
    run = net.run(trials)
    assert run.trials is trials and run.outputs["choice"].shape == (trials.steps, 20, 3)


def test_trials_of_a_task_outlive_it(net):
    inputs = task().trials(net, 4).inputs
    expected = task().trials(net, 4).inputs.copy()
    gc.collect()
    assert (inputs == expected).all()


def test_parameters_of_a_task():
    assert "perceptual-decision-making" in na.tasks.available() and "PerceptualDecisionMaking" in dir(na.tasks)
    known = na.tasks.parameters("perceptual-decision-making")
    assert known["stimulus"].unit == "ms" and known["stimulus"].default == 2000 and known["coherence"].list
    assert "stimulus = 2000 ms" in na.tasks.PerceptualDecisionMaking.__doc__
    longer = task(coherence=[0, 50]).replace(stimulus=400)
    values = "fixation=40.0, stimulus=400.0, decision=40.0, coherence=[0.0, 50.0]"
    assert repr(longer) == f"PerceptualDecisionMaking({values})"
    trials = longer.trials(small(), 50)
    assert trials.steps == 24 and set(trials.conditions["coherence"]) == {0, 50}


def test_one_s_own_trials_are_checked(net):
    u, y, m = np.zeros((5, 4, 3)), np.zeros((5, 4), int), np.ones((5, 4))
    for wrong, words in [
        (lambda: na.Trials(np.zeros(5)), r"inputs: expected shape \[steps, trials, channels\]"),
        (lambda: na.Trials(u, np.zeros((5, 3), int)), r"targets: expected shape \[5, 4\]"),
        (lambda: na.Trials(u, y.astype(float)), "must be whole numbers"),
        (lambda: na.Trials(u, y, np.ones((5, 3))), "mask"),
        (lambda: na.Trials(u, y, lengths=[1, 2]), r"lengths: expected shape \[4\], got \[2\]"),
        (lambda: na.Trials(u, y, lengths=[0.5] * 4), "lengths: expected whole numbers"),
        (lambda: na.Trials(u, y, lengths=[5, 9, 9, 9]), r"lengths\[1\] is 9, must be 1 to 5"),
        (lambda: na.Trials(u, y, conditions={"c": [1]}), "condition 'c': expected"),
        (lambda: na.Trials({"a": u, "b": u[:3]}), r"inputs: expected shape \[5, 4, channels\]"),
        (lambda: na.Trials({}), "at least one"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            wrong()
    t = na.Trainer(net, cost=cost())
    with pytest.raises(na.InvalidError, match=r"expected shape \[5, 4, 3\], got \[5, 4, 2\]"):
        t.step(na.Trials(u[..., :2], y))
    for wrong in (na.Trials(u, y + 3), na.Trials(u, y, -m), na.Trials(u * np.nan, y)):
        with pytest.raises(na.Error):
            t.step(wrong)


def test_length_and_mask_count(net):
    draw = np.random.default_rng(2)
    u, y = draw.random((10, 3, 3)), draw.integers(0, 3, (10, 3))
    lengths = [10, 6, 3]
    mask = np.ones((10, 3))
    for b, n in enumerate(lengths):
        mask[n:, b] = 0
    t = na.Trainer(net, cost=na.CrossEntropy("choice"), optimizer=na.SGD(0))
    assert t.step(na.Trials(u, y, lengths=lengths))["total"] == pytest.approx(t.step(na.Trials(u, y, mask))["total"])


def test_targets_of_several_outputs():
    net = na.Network(20).input("u", 2).population("p", 6, bias=0.2).output("a", 2).output("b", 3)
    net.connect("u", "p").connect("p", "p").connect("p", "a b").build()
    t = na.Trainer(net, cost=na.MSE("a") + na.MSE("b"), optimizer=na.SGD(0))
    draw = np.random.default_rng(0)
    u, y, m = draw.random((8, 3, 2)), draw.random((8, 3, 5)), draw.random((8, 3, 5))
    whole = t.step(na.Trials(u, y, m))
    parts = t.step(na.Trials(u, {"a": y[..., :2], "b": y[..., 2:]}, {"a": m[..., :2], "b": m[..., 2:]}))
    assert whole == parts
    both = na.Trainer(net, cost=na.MSE("a") + na.CrossEntropy("b"))
    trials = na.Trials(u, {"a": y[..., :2], "b": draw.integers(0, 3, (8, 3))})
    assert both.step(trials)["cross_entropy"] > 0 and set(trials.targets) == {"a", "b"}
    with pytest.raises(na.InvalidError, match=r"targets: expected shape \[8, 3, 5\], got \[8, 3, 4\]"):
        t.step(na.Trials(u, y[..., :4]))


def test_trials_serve_several_networks():
    trials = plain_trials(None)
    one, two = small(1), small(2)
    costs = [na.Trainer(net, cost=cost(), optimizer=na.SGD(0)).step(trials)["total"] for net in (one, two, one)]
    assert costs[0] == costs[2] != costs[1] and len(trials._handles) == 2
    del one, two
    gc.collect()
    assert len(trials._handles) == 0


# --- evaluation ------------------------------------------------------------------------------------------------------


def test_evaluation(net):
    evaluation = na.evaluate(net, task(), trials=300, seed=4, threads=threads())
    assert evaluation.correct.shape == (300,) and evaluation.correct.dtype == np.int32
    judged = evaluation.correct[evaluation.correct >= 0]
    assert evaluation.performance == pytest.approx((judged == 1).mean())
    assert "signed_coherence" in evaluation.conditions and evaluation.choice.shape == (300,)
    curve = evaluation.curve("coherence")
    assert (np.diff(curve.value) > 0).all() and curve.trials.sum() == len(judged)
    assert (curve.correct * curve.trials).sum() == pytest.approx((judged == 1).sum())
    again = na.evaluate(net, task(), trials=300, seed=4)
    assert (again.choice == evaluation.choice).all() and "300 trials" in repr(evaluation)
    with pytest.raises(na.UnknownNameError):
        evaluation.curve("colour")


def test_a_curve_may_have_many_points(net):
    many = np.linspace(1, 99, 200)
    curve = na.evaluate(net, task(coherence=many), trials=3000).curve("coherence")
    assert 150 < len(curve) <= 200 and curve.trials.sum() == 3000


# --- being stopped ---------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_training_within_an_update_and_keeps_what_was_learnt(net):
    t = trainer(net, evaluate_every=0)
    before = net.weights("E", "E").copy()
    handler = signal.getsignal(signal.SIGINT)

    def press(now):
        if now.step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        t.fit(100_000, progress=False, callback=press)
    assert 5 <= len(t.history) <= 6 and (net.weights("E", "E") != before).any()
    assert signal.getsignal(signal.SIGINT) is handler
    assert len(t.fit(3, progress=False)) == 3  # and goes on from there


def test_ctrl_c_from_outside():
    """A process of its own, with a progress bar, interrupted while the library works."""
    program = textwrap.dedent(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        from test_training import *
        t = trainer(evaluate_every=0, batch=256)
        print("ready", flush=True)
        try:
            t.fit(10_000_000)
        except KeyboardInterrupt:
            w = t.net.weights("E", "E")
            print("stopped", len(t.history) > 0, bool(np.isfinite(w).all()), flush=True)
        """
    )
    here = str(Path(__file__).resolve().parent)
    process = subprocess.Popen(
        [sys.executable, "-c", program, here], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    threading.Event().wait(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out == "stopped True True\n" and process.returncode == 0, err
    assert "ignored" not in err and "Traceback" not in err


def test_a_second_ctrl_c_acts_at_once():
    from neuroai._interrupt import deferred_interrupt

    with pytest.raises(KeyboardInterrupt):
        with deferred_interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupt.pending
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("not reached")


def test_training_in_another_thread(net):
    """Ctrl-C is of the main thread; elsewhere training works all the same, and leaves the other threads time."""
    result = []
    worker = threading.Thread(target=lambda: result.append(trainer(net).fit(20, progress=False)))
    worker.start()
    worker.join(30)
    assert len(result[0]) == 20


def test_an_exception_in_the_callback_comes_out(net):
    class Odd(Exception):
        pass

    def fail(now):
        if now.step == 4:
            raise Odd("at four")

    t = trainer(net)
    with pytest.raises(Odd, match="at four"):
        t.fit(10, progress=False, callback=fail)
    assert len(t.history) == 4


@pytest.mark.parametrize("density", [1.0, 0.2])
def test_networks_under_dales_law_learn_from_their_default_start(density):
    """Dense ones did not, from weights whose mean drowned the stimulus."""
    net = na.Network(dt=20)
    net.input("stimulus", 3).output("choice", 3)
    net.population("E", 80, +1, noise=0.15).population("I", 20, -1, noise=0.15)
    net.connect("stimulus", "E I").connect("E I", "E I", density=density).connect("E", "choice")
    net.build(seed=2)
    task = na.tasks.PerceptualDecisionMaking(stimulus=500)
    t = na.Trainer(net, task, na.CrossEntropy("choice"), optimizer=na.Adam(1e-3), evaluate_every=50)
    assert t.fit(800, stop_at=0.8, progress=False).performance[-1] >= 0.8


# --- one at a time ---------------------------------------------------------------------------------------------------


def test_a_dense_network_under_dales_law_learns_to_heed_the_context():
    """From readouts of mean 1 / k instead of 1 / sqrt(k) it stays at chance, .5, for 1500 updates."""
    net = na.Network(dt=50).input("stimulus", 7).output("choice", 3)
    net.population("E", 80, +1, noise=0.15).population("I", 20, -1, noise=0.15)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice")
    net.constrain("E I", "*", na.Dale("clamp")).build(seed=2)
    decide = na.tasks.ContextDecisionMaking(delay_min=300, delay_max=300)
    settings = {"optimizer": na.Adam(1e-3), "batch": 32, "clip": 1.0, "seed": 2}
    na.Trainer(net, decide, na.CrossEntropy("choice"), **settings).fit(750, progress=False)
    assert na.evaluate(net, decide, trials=1000, seed=3).performance > 0.7


def test_training_from_a_callback_is_refused(net):
    """And the run that it came from goes on, with the checkpoints that it was told to write."""
    t = na.Trainer(net, task(), cost=na.CrossEntropy("choice"), batch=4, evaluate_every=0)
    said = []

    def again(now):
        for train in (t.step, lambda: t.fit(1, progress=False)):
            with pytest.raises(na.OrderError, match="the trainer is at work") as caught:
                train()
            said.append(str(caught.value))
        t.gradient()

    t.fit(3, progress=False, callback=again)
    assert len(said) == 6 and t.updates == 3 and len(t.history.loss) == 3


def test_a_cost_for_the_other_kind_of_goal_is_named(net):
    with pytest.raises(na.OrderError, match="but classes: use .*CrossEntropy"):
        na.Trainer(net, task(), cost=na.MSE("choice")).step()
    trials = na.Trials(np.zeros((5, 2, 3)), np.zeros((5, 2, 3)))
    with pytest.raises(na.OrderError, match="but real targets: use .*MSE"):
        na.Trainer(net, cost=na.CrossEntropy("choice")).step(trials)


def test_stopping_by_performance_needs_evaluations(net):
    t = na.Trainer(net, task(), cost=na.CrossEntropy("choice"), batch=4)
    with pytest.raises(ValueError, match="stop_at is 0.9, but evaluate_every is 0"):
        t.fit(3, stop_at=0.9, evaluate_every=0, progress=False)
    assert t.updates == 0


def test_learnt_initial_states_keep_their_bounds():
    net = na.Network(20).input("u", 1).output("z", 4)
    net.population("E", 6, leak="rate", plastic_initial=1, initial_min=0, initial_max=0.5)
    net.population("free", 6, leak="rate", plastic_initial=1)
    net.connect("u", "E free").connect("E free", "z").build(1)
    trainer = na.Trainer(net, cost=na.MSE("z"), optimizer=na.SGD(0.5))
    held, below = 0, 0
    for _ in range(20):
        trainer.step(na.Trials(np.zeros((2, 1, 1)), np.full((2, 1, 4), -2.0)))
        states = net.get("E", "initial")
        assert states.min() >= 0 and states.max() <= 0.5
        held, below = held + (states == 0).sum(), below + (net.get("free", "initial") < 0).sum()
    assert held and below


def grows(transfer, rate=3e-2):
    """Random feedback onto an area without a readout of its own, at a rate at which it cannot align."""
    net = na.Network(20).input("stimulus", 3).output("choice", 3)
    net.population("A", 60, transfer=transfer).population("B", 60, transfer=transfer)
    net.connect("stimulus", "A").connect("A B", "A B").connect("B", "choice").build(1)
    task = na.tasks.PerceptualDecisionMaking(stimulus=500)
    return na.Trainer(net, task, na.CrossEntropy("choice"), na.RFLO(seed=2), na.Adam(rate), evaluate_every=0, batch=16)


def test_rates_that_grow_are_told():
    trainer = grows("relu")
    with pytest.warns(RuntimeWarning) as told:
        trainer.fit(120, progress=False)
    (words,) = [str(one.message) for one in told]
    assert told[0].filename == __file__ and np.isfinite(trainer.history.loss).all()
    assert re.match(r"fit: the mean rate of 'A' \(and of 1 more\) has grown [0-9.e+]+ times, to [0-9.e+]+ \(largest [0-9.e+]+\), the loss is ", words)
    assert "lower the learning rate, or give rates a bound: a transfer function such as tanh, or a cost on them, na.L2Rates" in words
    with pytest.warns(RuntimeWarning, match="the mean rate of 'A'"):
        trainer.fit(1, progress=False)  # since the first update of all


def test_rates_that_do_not_grow_are_not_told():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grows("tanh").fit(60, progress=False)
        grows("relu", 1e-4).fit(60, progress=False)
        kept = grows("relu")
        kept.set("recompute", 10)  # which keeps no rates to look at
        kept.fit(3, progress=False)


def test_a_loss_that_grows_is_told():
    trials = na.Trials(np.ones((5, 8, 1), np.float32), np.ones((5, 8, 1), np.float32))
    net = na.Network(20).input("u", 1).population("h", 8, transfer="tanh").output("z", 1).connect("u", "h").connect("h", "z").build(1)
    trainer = na.Trainer(net, trials, na.MSE("z"), optimizer=na.Adam(30.0), evaluate_every=0)
    with pytest.warns(RuntimeWarning, match="^fit: the loss is .* in the last updates, and was .* in the first one: lower the learning rate, or set clip$"):
        trainer.fit(20, progress=False)
