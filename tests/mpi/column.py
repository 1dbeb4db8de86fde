"""The column of Potjans and Diesmann (2014) at a fifth of its neurons and synapses, shared by the processes that mpirun starts.

Usage: mpirun -n 2 python -m mpi4py column.py PATIENCE. Each says how many spikes there are in 50 ms. The first writes a hash of them to
the file "column", which is there, empty, as soon as all simulate. mpi4py ends all processes when one fails.
"""

import hashlib
import sys
from pathlib import Path

import neuroai as na

mpi = na.MPI(timeout=float(sys.argv[1]))
net = na.circuits.potjans_diesmann2014(0.2).share(mpi).build(1, progress=False)
file = Path("column")
if mpi.rank == 0:
    file.touch()
spikes = net.run(steps=round(50 / net.dt), progress=False).spikes
if mpi.rank == 0:
    file.write_text(hashlib.sha256(b"".join(of.times.tobytes() for of in spikes.values())).hexdigest())
print(f"rank {mpi.rank} of {mpi.ranks}: {sum(map(len, spikes.values()))} spikes", flush=True)
