"""Verdicts and measures of single rows: what the tolerance says is what the code does."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import achterberg2023  # noqa: E402
import akrout2019  # noqa: E402
import amit_brunel1997  # noqa: E402
import bellec2020  # noqa: E402
import brunel2000  # noqa: E402
import nokland2016  # noqa: E402
import potjans_diesmann2014  # noqa: E402
import sacramento2018  # noqa: E402
import scellier2017  # noqa: E402
import wang2002  # noqa: E402
import whittington2017  # noqa: E402
import yang2019  # noqa: E402
from harness import CLOSE, MET, NOT, TOO_SHORT  # noqa: E402

# --- Akrout et al. 2019 ----------------------------------------------------------------------------------------------


def course(kp, bp, fa, mirror, data="MNIST"):
    ends = zip(akrout2019.ORDER, (kp, bp, fa, mirror))
    return {"data": data, **{which: {"error": [20.0] * (akrout2019.EPOCHS - 1) + [end]} for which, end in ends}}


@pytest.mark.parametrize(
    "values, level",
    [
        ([course(4.5, 5.9, 9.0, 9.5)] * 2, MET),
        ([course(4.5, 5.9, 9.0, 9.5), course(6.0, 5.9, 9.0, 9.5)], CLOSE),  # the order of the medians alone
        ([course(4.5, 5.9, 9.0, 11.0)], CLOSE),  # the mirror is too far from its log
        ([course(6.0, 5.9, 9.0, 9.5)], NOT),
        ([course(1, 2, 3, 4, "Fashion-MNIST")], MET),
        ([course(3, 2, 1, 4, "Fashion-MNIST")], NOT),
    ],
)
def test_the_order_of_methods(values, level):
    assert akrout2019.judge_order(values, False).level == level


# --- Nokland 2016 ----------------------------------------------------------------------------------------------------


def test_a_deep_network_starts_from_zero_and_has_feedback_of_its_own_for_each_layer():
    sizes = (12, 6, 5, 4, 3)
    trainer = nokland2016.direct(1, sizes)
    for layer, n in enumerate(sizes[1:-1], 1):
        assert trainer.rule.feedback(f"h{layer}").shape == (n, 3) and np.any(trainer.rule.feedback(f"h{layer}") != 0)
        assert not np.any(trainer.net.weights("x" if layer == 1 else f"h{layer - 1}", f"h{layer}"))


@pytest.mark.parametrize("learnt, level", [(0.0, MET), (0.1, MET), (0.5, CLOSE), (2.0, NOT)])
def test_learning_by_heart(learnt, level):
    values = [{"data": "MNIST", "learnt": [50, learnt], "test": 5.0}]
    assert nokland2016.judge_deep(values, False).level == level


# --- Scellier & Bengio 2017, Whittington & Bogacz 2017 -----------------------------------------------------------------


@pytest.mark.parametrize("error, level", [(2.4, MET), (3.3, CLOSE), (4.0, NOT)])
def test_errors_of_networks_that_relax(error, level):
    rested = [{"data": "MNIST", "error": [9.0, error, error], "symmetric": True}]
    assert scellier2017.judge(rested, False).level == level and scellier2017.judge(rested, True).level == TOO_SHORT
    rested[0]["symmetric"] = False
    assert scellier2017.judge(rested, False).level == NOT
    coded = [{"data": "MNIST", **{which: [9.0, error, error] for which in whittington2017.RULES}}]
    assert whittington2017.judge_error(coded, False).level == level
    assert whittington2017.judge_fixed(coded, False).level == MET
    coded[0]["backpropagation"] = [8.5, error, error]
    assert whittington2017.judge_fixed(coded, False).level == CLOSE


def test_a_network_that_comes_to_rest_learns_and_stays_symmetric():
    net = scellier2017.compose(1, (12, 8, 10))
    trainer, rng = scellier2017.trainer_of(net, 1), np.random.default_rng(1)
    labels = rng.integers(0, 10, 200)
    images = np.zeros((200, 12), np.float32)
    images[np.arange(200), labels] = 1
    for _ in range(20):
        scellier2017.epoch(trainer, images, scellier2017.layers.one_hot(labels), rng)
    assert scellier2017.error(net, images, labels) < 30
    assert (net.weights("h", "top") == net.weights("top", "h").T).all()


# --- Sacramento et al. 2018 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "errors, level",
    [
        ([11.0, 9.0, 7.5, 4.9], MET),
        ([13.0, 9.0, 7.5, 4.9], NOT),
        ([11.0, 9.0, 8.4, 4.9], CLOSE),
        ([11.0, 9.0, 7.5, 5.0], CLOSE),
        ([11.0, 9.0, 8.6, 8.4], NOT),
    ],
)
def test_a_circuit_learns_digits(errors, level):
    angles = [[80.0, 70.0, 3.0]] * len(errors)
    value = {"data": "MNIST", "error": errors, "angle": angles, "backprop": [5.0] * len(errors)}
    assert sacramento2018.judge_digits([value], quick=False).level == level
    assert sacramento2018.judge_digits([value], quick=True).level == TOO_SHORT


@pytest.mark.parametrize("first, last, level", [(26.8, 0.44, MET), (26.8, 0.45, CLOSE), (20, 0.41, CLOSE), (20, 1, NOT)])
def test_a_circuit_learns_to_predict_itself(first, last, level):
    value = {"apical": [first, 7.9, 0.7, 0.6, 0.5, 0.4, last]}
    assert sacramento2018.judge_state([value] * 3, quick=False).level == level


def test_patterns_follow_each_other_without_a_break():
    shown, end = sacramento2018.held(np.array([[1.0], [-1.0]]))
    assert shown.shape == (2000, 1)
    assert np.abs(np.diff(shown, axis=0)).max() < 0.07  # 2 dt / 3 ms
    assert shown[999] == pytest.approx(1) and end == pytest.approx(-1)
    again, _ = sacramento2018.held(np.array([[-1.0]]), end)
    assert np.ptp(again) < 1e-12


# --- Achterberg et al. 2023 ------------------------------------------------------------------------------------------


def pair(what, ours, control):
    return {"seRNN": {what: ours, "total": 1}, achterberg2023.MATCHED: {what: control, "total": 1}}


@pytest.mark.parametrize(
    "judge, what, pairs, level",
    [
        ("judge_energy", "energy", [(1, 2)] * 10, MET),
        ("judge_energy", "energy", [(1, 2)] * 8 + [(3, 2)] * 2, CLOSE),
        ("judge_energy", "energy", [(2, 1)] * 10, NOT),
        ("judge_mixed", "mixed", [(0.6, 0.9)] * 10, MET),
        ("judge_mixed", "mixed", [(0.6, 0.9)] * 8 + [(0.4, 0.9)] * 2, CLOSE),
        ("judge_mixed", "mixed", [(0.4, 0.1)] * 10, NOT),
        ("judge_alike", "alike", [(-0.1, 0.0)] * 10, MET),
        ("judge_alike", "alike", [(-0.01, 0.0)] * 10, CLOSE),
        ("judge_alike", "alike", [(-0.1, -0.2)] * 10, NOT),
    ],
)
def test_what_a_network_in_space_does(judge, what, pairs, level):
    values = [pair(what, *both) for both in pairs]
    assert getattr(achterberg2023, judge)(values, False).level == level
    assert getattr(achterberg2023, judge)(values, True).level == TOO_SHORT
    none = [{"seRNN": {}, achterberg2023.MATCHED: {}}]
    assert getattr(achterberg2023, judge)(none, False).level == NOT


def test_units_for_the_goal_or_for_the_ways_alone_are_not_mixed():
    goal, ways = np.eye(4)[[1, 1, 3, 2, 2, 0, 3, 0]], np.zeros((8, 4))
    for k, pair in enumerate(((1, 0), (2, 3), (3, 0), (3, 2), (0, 1), (1, 2), (2, 0), (0, 2))):
        ways[k, list(pair)] = 1
    late = np.stack([goal[:, 1], ways[:, 2], goal[:, 1] + ways[:, 2]], axis=1)
    both = achterberg2023.unexplained(late, goal, ways)
    np.testing.assert_allclose(both, 0, atol=1e-12)
    of_goal = (achterberg2023.unexplained(late, ways) - both) / achterberg2023.unexplained(late)
    of_ways = (achterberg2023.unexplained(late, goal) - both) / achterberg2023.unexplained(late)
    mixed = np.minimum(of_goal, of_ways) >= achterberg2023.MIXED
    assert mixed.tolist() == [False, False, True]


# --- Yang et al. 2019 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "anti, context, level",
    [
        ([1, 0.5, 0.7, 0.97], [0.95, 0.5, 0.6, 0.4, 0.9], MET),
        ([1, 0.5, 0.95, 0.95], [0.95, 0.5, 0.6, 0.4, 0.9], CLOSE),  # as good without a part
        ([0.2, 0.1, 0.1, 0.2], [0.95, 0.5, 0.6, 0.4, 0.9], CLOSE),  # one task was not learnt
        ([1, 0.5, 0.5, 0.8], [0.5, 0.1, 0.1, 0.1, 0.5], NOT),
    ],
)
def test_sums_of_rules(anti, context, level):
    values = [{"sums": {"delayanti": anti, "contextdelaydm1": context}}]
    assert yang2019.judge_sums(values, False).level == level
    assert yang2019.judge_sums(values, True).level == TOO_SHORT


def test_sums_and_lesions_leave_the_network_as_it_was():
    net, rules = yang2019.compose(16, 1), yang2019.QUICK_RULES
    ends = (("in", "h"), ("h", "h"), ("h", "out"))
    before = [net.weights(*end).copy() for end in ends]
    found = yang2019.composed(net, rules, 1)
    assert set(found) == {"delayanti"} and len(found["delayanti"]) == 4, "tasks that are not learnt are left out"
    lost = yang2019.lesions(net, rules[:2], np.arange(16), np.arange(16) % 3, 1)
    assert lost.shape == (3, 2)
    for end, weights in zip(ends, before):
        np.testing.assert_array_equal(net.weights(*end), weights)


def test_losses_are_held_against_task_variance():
    rng = np.random.default_rng(1)
    label, share = np.repeat(np.arange(5), 4), rng.random((5, 20))
    noise = 0.02 * rng.normal(size=(5, 20))
    needed = rng.random((5, 1))  # some clusters are needed for all tasks, which must not count
    found = yang2019.by_variance(share + noise + needed, share[label], label, 1)
    assert found["by_variance"] > 0.9 and found["chance"] <= 0.01
    alone = [yang2019.by_variance(rng.random((5, 20)), share[label], label, 1)["chance"] for _ in range(20)]
    assert 0.3 < np.mean(alone) < 0.7, "as often above as below, without any relation"


@pytest.mark.parametrize("chance, correlation, level", [(0.01, 0.4, MET), (0.2, 0.1, CLOSE), (0.8, -0.1, NOT)])
def test_lesions(chance, correlation, level):
    values = [{"chance": chance, "by_variance": correlation, "lost": [[0.5]]}]
    assert yang2019.judge_lesions(values, False).level == level


# --- Wang 2002 -------------------------------------------------------------------------------------------------------


def decisions(correct, times, n=250):
    """What measure_wang() and measure_reduced() return, of so many trials for each of six coherences."""
    right = [round(n * fraction) for fraction in correct]
    return {
        "trials": [n] * 6,
        "choices": [n] * 6,
        "correct": right,
        "right": [[time] * k for time, k in zip(times, right)],
        "wrong": [[time] * (n - k) for time, k in zip(times, right)],
        "right_mean": times,
        "wrong_mean": [time + 50 for time in times],
        "first": correct[0],
    }


@pytest.mark.parametrize(
    "judge, correct, times, level",
    [
        ("wang_accuracy", (0.5, 0.62, 0.745, 0.905, 0.99, 1), (854, 929, 826, 788, 571, 397), MET),
        ("wang_accuracy", (0.5, 0.62, 0.745, 0.905, 0.96, 1), (854, 929, 826, 788, 571, 397), CLOSE),
        ("wang_accuracy", (0.5, 0.62, 0.745, 0.8, 0.99, 1), (854, 929, 826, 788, 571, 397), NOT),
        ("wang_times", (0.5, 0.62, 0.745, 0.905, 0.99, 1), (0, 929, 826, 788, 620, 0), MET),
        ("wang_times", (0.5, 0.62, 0.745, 0.905, 0.99, 1), (0, 929, 826, 788, 650, 0), CLOSE),
        ("wang_times", (0.5, 0.62, 0.745, 0.905, 0.99, 1), (0, 700, 826, 788, 571, 0), NOT),
        ("weibull", (0.5, 0.62, 0.745, 0.905, 0.99, 1), (0,) * 6, MET),
        ("weibull", (0.5, 0.52, 0.54, 0.6, 0.8, 0.99), (0,) * 6, NOT),
        ("accuracy", (0.5, 0.676, 0.808, 0.964, 1, 1), (0,) * 6, MET),
        ("accuracy", (0.5, 0.676, 0.808, 0.948, 1, 1), (0,) * 6, CLOSE),
        ("times", (1,) * 6, (581, 0, 516, 0, 340, 231), MET),
        ("times", (1,) * 6, (581, 0, 516, 0, 350, 231), CLOSE),
        ("times", (1,) * 6, (620, 0, 516, 0, 333, 231), NOT),
        ("errors", (1,) * 6, (581, 551, 516, 443, 333, 231), MET),
        ("chance", (0.51, 1, 1, 1, 1, 1), (0,) * 6, MET),
        ("chance", (0.54, 1, 1, 1, 1, 1), (0,) * 6, CLOSE),
    ],
)
def test_decisions_of_circuits(judge, correct, times, level):
    assert getattr(wang2002, f"judge_{judge}")([decisions(correct, times)], False).level == level


def test_rates_of_circuits():
    def rates(winner, loser, delay):
        return [{"rates": {"winner": [winner, 10], "loser": [loser, 10], "delay": [delay, 1]}}]

    assert wang2002.judge_wang_rates(rates(25, 3, 15), False).level == MET  # the undecided trial does not count
    for wrong in ((19, 3, 15), (25, 6, 15), (25, 3, 11)):
        assert wang2002.judge_wang_rates(rates(*wrong), False).level == NOT
    for e, i, level in ((2.4, 8, MET), (1.6, 8, CLOSE), (2.4, 5, NOT)):
        assert wang2002.judge_rest([{"rest": {"E": e, "I": i}}], False).level == level


# --- Brunel 2000, Amit & Brunel 1997 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("factor, level", [(1, MET), (1.03, CLOSE), (1.05, NOT)])
def test_rates_of_regimes(factor, level):
    values = [{name: {"rate": point[1] * factor} for name, point in brunel2000.POINTS.items()}]
    assert brunel2000.judge_rates(values, False).level == level  # A has the narrowest tolerance
    values[0]["g = 8"]["rate"] = 38
    assert brunel2000.judge_rates(values, False).level == NOT  # more inhibition, but not fewer spikes


@pytest.mark.parametrize("cv, level", [(0.43, MET), (0.5, CLOSE), (0.6, NOT)])
def test_regularity_of_regimes(cv, level):
    values = [{name: {"cv": 0, "peak": 20} for name in brunel2000.POINTS}]
    for name, value in (("B", 0.8), ("C", cv), ("g = 8", 0.7)):
        values[0][name]["cv"] = value
    assert brunel2000.judge_regularity(values, False).level == level


def delay(first, second, others=0.1, theory=1.0, fold=amit_brunel1997.FOLD):
    found = {"fold": fold}
    for g_plus, rate in zip(amit_brunel1997.POINTS, (first, second)):
        after = {"S1": rate, **{f"S{k}": others for k in range(2, 6)}}
        expected = {"S1": theory * amit_brunel1997.POINTS[g_plus][1]}
        found[g_plus] = {"after": after, "alike": rate, "theory": expected}
    return [found]


@pytest.mark.parametrize(
    "rates, agree, level",
    [((35, 44), 2, MET), ((40, 40), 2, MET), ((44.5, 48), 1, NOT), ((35, 52), 1, NOT), ((35, 44, 1.2), 0, NOT)],
)
def test_rates_in_the_delay(rates, agree, level):
    result = amit_brunel1997.judge_delay(delay(*rates), False)
    assert result.level == level and result.note.count("it agrees") == agree


@pytest.mark.parametrize(
    "off, fold, level", [(0, 2.5724, MET), (0.01, 2.5724, CLOSE), (0, 2.58, CLOSE), (0.05, 2.57, NOT)]
)
def test_theory_of_the_delay(off, fold, level):
    values = delay(35, 44, theory=1 + off, fold=fold)
    assert amit_brunel1997.judge_theory(values, False).level == level


# --- Bellec et al. 2020 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "errors, level", [((0.3, 0.02, 0.05), MET), ((0.3, 0.02, 0.1), CLOSE), ((0.3, 0.02, 0.2), NOT)]
)
def test_evidence_of_spikes(errors, level):
    values = [{"error": error, "rate": 10, "curve": [0.5, error]} for error in errors]
    assert bellec2020.judge(values, False).level == level and bellec2020.judge(values, True).level == TOO_SHORT


# --- Potjans & Diesmann 2014 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "factors, level, theory",
    [
        ([1.19, 1.09, 0.91, 1, 1, 1, 0.81, 1], MET, MET),
        ([1.39, 1, 1, 1, 1, 0.81, 1, 1], CLOSE, CLOSE),
        ([1, 1.21, 1, 1, 1, 1, 1, 1], NOT, NOT),
    ],
)
def test_rates_of_the_column(factors, level, theory):
    """Two populations that hardly fire have more room. Theory is held against the rates of the run."""
    rates = potjans_diesmann2014.RATES
    one = {"rates": list(rates * factors), "theory": list(rates * factors)}
    assert potjans_diesmann2014.judge([one], False).level == level
    assert potjans_diesmann2014.judge([one], True).level == (MET if level == MET else TOO_SHORT)
    assert potjans_diesmann2014.judge_theory([one], False).level == MET
    assert potjans_diesmann2014.judge_theory([{**one, "rates": list(rates)}], False).level == theory
