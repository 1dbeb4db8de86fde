// Steps and trains a model from C++17, by neuroai.hpp: host MODEL
#include <neuroai/neuroai.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

static double loop(nai::state &animal)
{
  float inputs[3] = {1, 0, 0}, outputs[3] = {0, 0, 0};
  double sum = 0;
  animal.reset();
  for (int t = 0; t < 1000; t++) {
    inputs[1] = t % 100 < 50;
    inputs[2] = outputs[1] > outputs[2];
    animal.step(outputs, inputs);
    sum += outputs[1];
  }
  return sum;
}

int main(int argc, char **argv)
try {
  auto net = nai::network::load(argc > 1 ? argv[1] : "decision.safetensors");
  nai::state animal(net, 1, 7);
  double sum = 0, cost = 0, best = 1e9;
  for (int run = 0; run < 20; run++) {
    const auto start = std::chrono::steady_clock::now();
    sum = loop(animal);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }

  nai::task task("perceptual-decision-making", net);
  task.set("stimulus", 500.0); // ms
  nai::trainer trainer(net, nai::rule::bptt(), nai::optimizer::adam(1e-3), task);
  trainer.add_cost(nai::cost::cross_entropy("choice"), 1.0);
  trainer.set("evaluate_every", 0);
  trainer.run(1000, [&](const nai_progress &now) {
    cost = now.cost;
    return now.step < 20; // false ends the run
  });

  std::printf("loop %.6f, cost %.6f after %lld updates\n", sum, cost,
              static_cast<long long>(trainer.updates()));
  std::printf("%.2f us a step\n", best * 1e3);
  return 0;
} catch (const nai::error &error) {
  std::fprintf(stderr, "%s: %s\n", error.name(), error.what());
  return 1;
}
