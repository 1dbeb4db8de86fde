"""Lists in documents, headers and docstrings against what the library has: none goes stale."""

import inspect
import re

import numpy as np
import pytest
from conftest import ROOT, small

import neuroai as na
from neuroai import _c, analysis, plot
from neuroai.network import _TRANSFERS
from neuroai._builtin_tasks import _ABOUT

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="needs the source tree")


def page(path):
    return (ROOT / path).read_text(encoding="utf-8")


def part(path, start, end):
    """The text from ``start`` to ``end``, in one line, without the asterisks of comments."""
    found = page(path).split(start, 1)[1].split(end, 1)[0]
    return " ".join(re.sub(r"^ \*", "", found, flags=re.M).split())


def rules():
    """One of each learning rule."""
    special = {"TruncatedBPTT": lambda: na.TruncatedBPTT(5), "LocalRule": lambda: na.LocalRule(lambda step: None)}
    classes = [c for c in (getattr(na, name) for name in na.__all__) if inspect.isclass(c) and issubclass(c, na.Rule)]
    return [special.get(c.__name__, c)() for c in classes if c is not na.Rule]


def optimizers():
    found = [getattr(na, name) for name in na.__all__]
    return [c() for c in found if inspect.isclass(c) and issubclass(c, na.Optimizer) and c is not na.Optimizer]


def creators(kind):
    """What nai_<kind>_create_... are called."""
    return re.findall(rf"nai_{kind}_create_(\w+)\(", page(f"include/neuroai/{kind}.h"))


#: How texts call the rules by which agents may learn.
CALLED = {
    "RFLO": "rflo",
    "EProp": "e-prop",
    "FORCE": " force",
    "FullFORCE": "full-force",
    "NodePerturbation": "node perturbation",
    "DendriticError": "dendritic error",
    "LocalRule": "own",
}


def learns_as_an_agent(rule):
    fast = {"model": "pyramidal", "g_basal": 0.01} if isinstance(rule, na.DendriticError) else {}
    net = na.Network(20).input("u", 1).population("E", 3, **fast).output("z", 1)
    net.connect("u", "E", initial=na.Normal(0, 1)).connect("E", "E", initial=na.Normal(0, 1)).connect("E", "z").build()
    try:
        na.Agent(na.Trainer(net, cost=na.MSE("z"), rule=rule))
    except na.UnsupportedError as error:
        return str(error)
    return True


def test_rules_of_agents():
    found = {type(rule).__name__: learns_as_an_agent(rule) for rule in rules()}
    assert {name for name, how in found.items() if how is True} == set(CALLED)
    texts = {
        "README.md": part("README.md", "- **Agents**", "- **Optimisers**"),
        "agent.h": part("include/neuroai/agent.h", "Rules for agents:", "Each"),
        "rules.md": part("docs/rules.md", "Agents learn by", "."),
        "na.Agent": na.Agent.__doc__.split("\n")[0],
        "message": found["BPTT"],
    }
    for where, text in texts.items():
        missing = [name for name, word in CALLED.items() if word not in text.lower()]
        assert not missing, (where, missing)


def test_rules():
    table = part("docs/rules.md", "| rule | C:", "J' is the cost")
    for rule in rules():
        assert f"`{type(rule).__name__}" in table, type(rule)
    for name in creators("rule"):
        assert f"`{name}`" in table, name


def test_costs():
    listed = part("docs/equations.md", "## Costs", "Communicability (Crofts")
    for name in creators("cost"):
        assert re.search(rf"\b{name}\b", listed), name
        assert any(c.lower() == name.replace("_", "") for c in na.__all__), name


def test_transfer_functions():
    table = part("docs/equations.md", "| transfer |", "## Interventions")
    for name in _TRANSFERS:
        assert f"| {name.replace('_', ' ')} |" in table and f'"{name}"' in na.Network.population.__doc__, name
        assert f"NAI_TRANSFER_{name.upper()} =" in page("include/neuroai/network.h"), name
    number = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"][len(_TRANSFERS)]
    assert f"{number} transfer functions" in " ".join(page("README.md").split())


@pytest.mark.parametrize("kind, method", [("inputs", "input"), ("populations", "population"), ("outputs", "output")])
def test_parameters_of_networks(kind, method):
    comment = page("include/neuroai/network.h").split("nai_status nai_network_set(nai_network")[0].rsplit("/**", 1)[1]
    function = getattr(na.Network, method)
    for name in na.Network(20).parameters(kind):
        assert f'"{name}"' in comment and name in inspect.signature(function).parameters, name
        assert f"{name}:" in function.__doc__ or f"``{name}``" in function.__doc__, name


def test_parameters_of_trainers_rules_and_optimisers():
    trainer = na.Trainer(small(), cost=na.MSE("choice"))
    comment = part("include/neuroai/trainer.h", "Sets a parameter:", "NAI_API")
    for name in trainer.parameters:
        assert f'"{name}"' in comment and name in na.Trainer.__doc__ and f'"{name}"' in na.Trainer.set.__doc__, name
    for things, header in ((rules(), "rule.h"), (optimizers(), "optimizer.h")):
        for thing in things:
            for name in set(thing.parameters) - {"form"}:
                assert f'"{name}"' in page(f"include/neuroai/{header}"), (thing, name)


def test_plots():
    functions = [name for name in plot.__all__ if inspect.isfunction(getattr(plot, name)) and name != "colours"]
    assert [name for name in functions if f":func:`{name}`" not in plot.__doc__] == []
    assert set(re.findall(r":func:`(\w+)`", plot.__doc__)) == set(functions)


def test_tasks_are_described():
    assert set(_ABOUT) == set(na.tasks.available())
    assert all("nputs" in about and ("Classes" in about or "Target" in about) for about in _ABOUT.values())


def test_tasks_with_reaction_times():
    net = na.Network(20).input("u", 3).population("E", 3).output("z", 2).connect("u", "E").connect("E", "z").build()
    found = []
    for name in na.tasks.available():
        try:
            if na.tasks.named(name)().trials(net, 1)._has_times:
                found.append(na.tasks.named(name).__name__)
        except na.InvalidError:  # of other channels
            pass
    assert found == ["SongRandomDotsReactionTime"]
    texts = (analysis._NO_TIMES, na.Evaluation.time.__doc__)
    assert all(name in text for name in found for text in texts)
    with pytest.raises(na.UnsupportedError, match="song-random-dots-reaction-time"):
        na.evaluate(small(), na.Trials(np.ones((2, 1, 3)), np.ones((2, 1), int))).time


def test_examples_and_headers():
    readme = page("README.md")
    for file in (ROOT / "examples").iterdir():
        assert file.suffix not in (".c", ".py") or f"(examples/{file.name})" in readme, file.name
    for header in (ROOT / "include" / "neuroai").glob("*.h"):
        if header.name not in ("neuroai.h", "extend.h"):
            assert f"<neuroai/{header.name}>" in page("include/neuroai/neuroai.h"), header.name


def test_files_that_the_architecture_names():
    names = set(re.findall(r"`([a-z_0-9]+\.[ch])`", page("docs/architecture.md").split("## Adding to it")[0]))
    there = {file.name for folder in ("lib", "include") for file in (ROOT / folder).rglob("*.[ch]")}
    assert len(names) > 20 and names <= there, names - there


def test_the_architecture_has_every_folder_and_each_file_of_the_largest_rooms():
    text = page("docs/architecture.md").split("## Adding to it")[0]
    rooms = [room.name for room in (ROOT / "lib").iterdir() if room.is_dir()]
    assert all(f"| {room} |" in text for room in rooms)
    for top in ("bindings", "docs", "examples", "include", "tests"):
        for folder in (ROOT / top).iterdir():
            known = not folder.is_dir() or folder.name == "__pycache__"
            assert known or f"`{top}/{folder.name}`" in text or f"`{folder.name}`" in text, folder
    for room in ("network", "running"):
        inside = text.split(f"### Inside {room}\n")[1].split("\n#")[0]
        for file in (ROOT / "lib" / room).glob("*.c"):
            assert f"`{file.name}`" in inside, file.name


def test_shared_files_of_rules_are_in_the_architecture():
    text = page("docs/architecture.md").split("## Adding to it")[0]
    for file in (ROOT / "lib" / "learning").glob("*.c"):
        a_rule = "nai__rule_kind" in file.read_text(encoding="utf-8") or file.stem == "node_perturbation_online"
        assert a_rule or file.name in text or f"{file.stem}.h" in text, file.name


def test_units_of_models():
    """The tables of docs/models.md have every field of a built-in model, in the unit that it has."""
    # the numbers of rate units are those of all populations
    numbers = na.Network(20).parameters("populations")
    for name, model in na.models().items():
        section = re.split(r"^## ", page("docs/models.md").split(f"\n## {name}", 1)[1], flags=re.M)[0]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line]
        kinds = ("sizes", "parameters", "states", "ports", "signals")
        fields = [(kind, field) for kind in kinds for field in getattr(model, kind).values()]
        for kind, field in fields + [("parameters", field) for field in numbers.values() if name == "rate"]:
            told = [row for row in rows if f"`{field.name}`" in row[0]]
            # a name may be that of a parameter and of a port, in rows of their own
            told = [row for row in told if kind[:-1] in row[0]] or told
            if not told and name == "rate":
                continue  # bias and initial are said for all models at once
            assert told, f"{name} has no row for {field.name}"
            for row in told:
                names, units = re.findall("`([^`]+)`", row[0]), row[1].split("; ")
                if row[1] in ("", "as `rate`"):
                    continue
                elsewhere = [unit for unit in units if " in " in unit]
                units = [unit for unit in units if unit not in elsewhere]
                unit = units[names.index(field.name)] if len(units) > 1 else units[0]
                assert unit == field.unit, f"{name}: {field.name} is in {field.unit or 1}, the page has {unit}"
                assert all(other in field.meaning for other in elsewhere), f"{name}: {field.name}: {field.meaning}"


def test_statuses():
    names = set(re.findall(r"(NAI_ERR_\w+) = -", page("include/neuroai/status.h")))
    assert names == {name for name in vars(_c) if name.startswith("NAI_ERR_")}
    assert len(names) == len({error.status for error in na.errors._CLASSES.values()})
