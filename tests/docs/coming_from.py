"""The programs of docs/coming_from.md, as they stand: ours, and those of the packages that this Python has.

Usage: coming_from.py, by a Python that has neuroai and any of torch, keras, psychrnn, neurogym.
"""

import importlib
import re
import sys

import numpy as np
from typecheck import blocks

import neuroai as na

PAGE = "docs/coming_from.md"


def block(word):
    """The one block of the page that has this word."""
    (found,) = [code for code in blocks(PAGE, "py") if word in code]
    return found


def ours(**replaced):
    """Our network and task, trained for some updates."""
    code = block("na.tasks.PerceptualDecisionMaking(stimulus=500)").replace("steps=1000", "steps=10, progress=False")
    names = {"na": na}
    for old, new in replaced.items():
        code, found = re.subn(rf"\b{old}=[\d.]+", f"{old}={new}", code)
        assert found
    exec(code, names)
    return names


def check_ours():
    assert np.isfinite(ours()["history"].loss).all()


def check_torch():
    """With our weights, and without noise, its outputs are ours."""
    import torch

    names = ours(noise=0)
    net = names["net"]
    theirs = {"torch": torch}
    exec(block("class EIRNN"), theirs)
    model = theirs["EIRNN"]()
    parts = [("E", 0, 80), ("I", 80, 100)]
    with torch.no_grad():
        torch.randn_like = torch.zeros_like
        for parameter in model.parameters():
            parameter.zero_()
        model.exists.zero_()
        for name, first, end in parts:
            model.inp.weight[first:end] = torch.tensor(net.weights("stimulus", name))
            model.rec.bias[first:end] = torch.tensor(net.bias(name))
            for sender, start, stop in parts:
                model.rec.weight[first:end, start:stop] = torch.tensor(net.weights(sender, name)).abs()
                model.exists[first:end, start:stop] = torch.tensor(net.mask(sender, name))
        model.out.weight[:] = torch.tensor(net.weights("E", "choice")).abs()
        model.bias[:] = torch.tensor(net.bias("choice"))
        trials = names["task"].trials(net, 16)
        found = model(torch.tensor(trials.inputs)).numpy()
    expected = net.run(trials).outputs["choice"]
    within = np.arange(trials.steps)[:, None] < trials.lengths
    assert np.abs(found - expected)[within].max() < 1e-4 * np.abs(expected).max(), np.abs(found - expected)[within].max()
    return torch.__version__


def check_keras():
    import keras

    keras.utils.set_random_seed(1)
    names = {**ours(), "keras": keras, "np": np}
    exec(block("keras.Sequential").replace("epochs=10", "epochs=2, verbose=0"), names)
    loss = names["history"].history["loss"]
    assert loss[-1] < loss[0], loss
    return f"{keras.__version__} with {keras.backend.backend()}"


def check_psychrnn():
    names = {}
    code = block("PerceptualDiscrimination").replace("64000", "1280")
    exec("from psychrnn.backend.models.basic import Basic\nfrom psychrnn.tasks.perceptual_discrimination import PerceptualDiscrimination\n" + code, names)
    assert names["params"]["N_in"] == 2
    return version("PsychRNN")


def check_neurogym():
    names = {**ours(), "na": na}
    exec(block("na.tasks.Neurogym").replace("steps=1000", "steps=10, progress=False"), names)
    assert np.isfinite(names["history"].loss).all()
    return version("neurogym")


def version(package):
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of

    try:
        return of(package)
    except PackageNotFoundError:
        return "of no known version"


def main():
    check_ours()
    print("  ok      ours")
    for name, check in (("torch", check_torch), ("keras", check_keras), ("psychrnn", check_psychrnn), ("neurogym", check_neurogym)):
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"  no      {name}: {error}")
            continue
        print(f"  ok      {name} {check()}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
