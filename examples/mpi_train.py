"""Several processes train one network, over MPI: the same weights, to the last bit, however many there are.

    pip install neuroai[mpi]
    mpirun -n 2 python mpi_train.py

Killed, or begun anew with another number of processes, it goes on from its last checkpoint.
"""

import os
import sys

import neuroai as na

folder = sys.argv[1] if len(sys.argv) > 1 else "."
updates = int(sys.argv[2]) if len(sys.argv) > 2 else 200
file = os.path.join(folder, "training.safetensors")

net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
net.population("E", 80, +1, noise=0.15).population("I", 20, -1, noise=0.15)
net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice").build(1)

mpi = na.MPI(timeout=30)
task = na.tasks.PerceptualDecisionMaking()
trainer = na.Trainer(net, task, na.CrossEntropy("choice"), clip=1, evaluate_every=20, shards=4, exchange=mpi)
if os.path.exists(file):
    trainer.restore(file)  # nobody writes another one meanwhile: an update takes all processes
first = mpi.rank == 0
trainer.fit(
    updates - trainer.updates, progress=False, checkpoint=file if first else None, checkpoint_every=5
)
if first:
    print(f"{updates} updates by {mpi.ranks} ranks")
