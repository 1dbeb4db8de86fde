"""32 areas of a column each, small, shared by the processes that mpirun starts.

Usage: mpirun -n 2 python areas.py [scale] [scale of in-degrees] [ms]. The first prints a line for each: how many spikes, and a
hash of them; with arguments also the most memory that the process has had.
"""

import hashlib
import resource
import sys

from mpi4py import MPI

import neuroai as na

scale, indegrees, ms = map(float, sys.argv[1:] or (0.003, 0.1, 25))
mpi = na.MPI(timeout=300)
net = na.circuits.multi_area(scale, indegree_scale=indegrees).share(mpi).build(1, progress=False)
spikes = net.run(steps=round(ms / net.dt), progress=False).spikes
found = hashlib.sha256(b"".join(of.times.tobytes() for of in spikes.values())).hexdigest()
words = f"{sum(map(len, spikes.values()))} spikes, {found}"
if sys.argv[1:]:
    words += f", {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"
said = MPI.COMM_WORLD.gather(words)
if mpi.rank == 0:
    print(*said, sep="\n")
