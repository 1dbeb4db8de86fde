// A network learns a decision, in C++17: objects destroy themselves, errors are exceptions.
#include <neuroai/neuroai.hpp>

#include <cstdio>
#include <cstdlib>
#include <vector>

int main()
try {
  nai::network net(20.0); // time step, ms
  net.add_input("stimulus", 3);
  net.add_population("E", 80, NAI_EXCITATORY);
  net.add_population("I", 20, NAI_INHIBITORY);
  net.add_output("choice", 3);
  net.connect("stimulus", "E I");
  net.connect("E I", "E I");
  net.connect("E", "choice");
  net.constrain("E I", "E I", nai::constraint::sparse(0.2)); // what is attached is kept alive
  net.build(1);

  nai::task task("perceptual-decision-making", net);
  task.set("stimulus", 500.0); // ms
  nai::trainer trainer(net, nai::rule::bptt(), nai::optimizer::adam(1e-3), task);
  trainer.add_cost(nai::cost::cross_entropy("choice"), 1.0);
  const bool quick = std::getenv("NEUROAI_EXAMPLE_QUICK") != nullptr;
  trainer.run(quick ? 100 : 1000, [](const nai_progress &now) {
    if (now.step % 50 == 0)
      std::printf("%5lld  cost %.4f\n", static_cast<long long>(now.step), now.cost);
    return true; // false ends the run
  });
  nai::evaluation test(net, task, 500, 7, 2);
  std::printf("correct in %.1f %% of new trials\n", 100 * test.performance());

  nai::state animal(net, 1, 3); // in a loop of one's own, step by step
  std::vector<float> stimulus{1.0f, 0.5f, 0.6f}, choice(3);
  for (int t = 0; t < 10; t++) animal.step(choice.data(), stimulus.data());
  std::printf("outputs after 10 steps: %.2f %.2f %.2f\n", choice[0], choice[1], choice[2]);
  net.save("decision.safetensors");
  return 0;
} catch (const nai::error &error) {
  std::fprintf(stderr, "%s: %s\n", error.name(), error.what());
  return 1;
}
