"""Names that are slightly wrong: a type checker has to say so in each line that ends with "wrong", and in no other."""

import neuroai as na

net = na.Network(dt=20).input("stimulus", 3).population("E", 8).output("choice", 3)
na.tasks.PerceptualDecisionMakin()  # wrong
na.tasks.SongRandomDot()  # wrong
na.tasks.PerceptualDecisionMaking(stimulos=500)  # wrong
na.tasks.PerceptualDecisionMaking(stimulus="500 ms")  # wrong
na.tasks.PerceptualDecisionMaking(500)  # wrong
na.tasks.GoNogo(cue_until_decision=1)  # wrong
na.tasks.PerceptualDecisionMaking(cue_until_decision=[0, 1])  # wrong
na.tasks.availabel()  # wrong

task = na.tasks.PerceptualDecisionMaking(stimulus=[500, 1000], coherence=3.2)
task.replace(stimulos=500)  # wrong
task.replace(stimulus=500).stimulos  # wrong
task.stimulos  # wrong
task.stimulus = 500  # wrong
task.n_input  # wrong
na.tasks.YangDm1.n_input  # wrong
steps: str = na.tasks.YangDm1.n_inputs  # wrong
trainer = na.Trainer(net, task, cots=na.CrossEntropy("choice"))  # wrong

sizes: int = na.tasks.WCST.n_inputs + (na.tasks.WCST.more_inputs or 0)
names = task.conditions + na.tasks.WCST.epochs
duration: float = task.stimulus / 20
na.tasks.WCST(trials=200).trials(net, 3)
na.tasks.named("song-sine")().replace(period=800)
