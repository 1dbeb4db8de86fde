% Steps and trains a model from Octave, by a MEX file: octave-cli host.m FOLDER_OF_MEX MODEL
1; % a script, not the file of a function

function total = closed_loop ()
  glue_mex ("reset");
  outputs = [0 0 0];
  total = 0;
  for t = 0:999
    inputs = [1, mod(t, 100) < 50, outputs(2) > outputs(3)];
    outputs = glue_mex ("step", inputs);
    total = total + outputs(2);
  end
end

function more = watch (update, cost)
  global last
  last = [update, cost];
  more = update < 20; % false ends the run
end

arguments = argv ();
addpath (arguments{1});
glue_mex ("open", arguments{2}, 7);
best = Inf;
for run = 1:20
  start = tic ();
  total = closed_loop ();
  best = min (best, toc (start));
end

global last
glue_mex ("train", 1000, @watch);
printf ("loop %.6f, cost %.6f after %d updates\n", total, last(2), last(1));
printf ("%.2f us a step\n", best * 1e3);
