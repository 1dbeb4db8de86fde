"""The column of Potjans and Diesmann (2014) at a fifth of its neurons and synapses, shared by the processes that mpirun starts.

Usage: mpirun -n 2 python column.py. The first prints a line for each: how many spikes in 50 ms, and a hash of them.
"""

import hashlib

from mpi4py import MPI

import neuroai as na

mpi = na.MPI(timeout=300)
net = na.circuits.potjans_diesmann2014(0.2).share(mpi).build(1, progress=False)
spikes = net.run(steps=round(50 / net.dt), progress=False).spikes
found = hashlib.sha256(b"".join(of.times.tobytes() for of in spikes.values())).hexdigest()
said = MPI.COMM_WORLD.gather(f"{sum(map(len, spikes.values()))} spikes, {found}")
if mpi.rank == 0:
    print(*said, sep="\n")
