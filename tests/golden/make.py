"""Writes the golden files of the library that is installed: python make.py FOLDER. Run once, when it is released."""

import sys
from pathlib import Path

import numpy as np
from recipes import NETWORKS, TRAINERS, UPDATES, drive

AFTER = 5  # updates after the checkpoint


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, make in NETWORKS.items():
        net = make()
        net.save(folder / f"{name}.safetensors")
        run = net.run(drive(net), seed=7)
        for what, arrays in (("rates", run.rates), ("outputs", run.outputs)):
            for part, array in arrays.items():
                expected[f"{name}/{what}/{part.replace('/', '-')}"] = array
    for name, make in TRAINERS.items():
        trainer = make()
        trainer.fit(UPDATES.get(name, 7), progress=False)
        trainer.save(folder / f"{name}.safetensors")
        trainer.fit(AFTER, progress=False)
        expected[f"{name}/loss"] = trainer.history.loss
        for source, target in trainer.net.projections:
            expected[f"{name}/weights/{source}-{target}"] = trainer.net.weights(source, target)
    np.savez_compressed(folder / "expected.npz", **expected)


main(Path(sys.argv[1]))
