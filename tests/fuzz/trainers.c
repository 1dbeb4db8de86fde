/* Trainers of every rule, optimiser and stage, small enough to be made for each input. */
#include <math.h>
#include <string.h>

#include "target.h"

#include <neuroai/extend.h>

enum { MOMENTUM = 17, RMSPROP, SGD, ADAMW, STAGES, OWN_TASK = 22, RICH };

static nai_status make_rule(nai_rule **out, int kind)
{
  switch (kind) {
  case 1: return nai_rule_create_truncated_bptt(out, 4);
  case 2: return nai_rule_create_rtrl(out);
  case 3: return nai_rule_create_uoro(out, 5);
  case 4: return nai_rule_create_rflo(out, 5);
  case 5: return nai_rule_create_eprop(out, NAI_FEEDBACK_SYMMETRIC, 5);
  case 6: return nai_rule_create_eprop(out, NAI_FEEDBACK_RANDOM, 5);
  case 7: return nai_rule_create_eprop(out, NAI_FEEDBACK_ADAPTIVE, 5);
  case 8: return nai_rule_create_snap1(out);
  case 9: return nai_rule_create_feedback_alignment(out, 5);
  case 10: return nai_rule_create_direct_feedback_alignment(out, 5);
  case 11: return nai_rule_create_sign_symmetry(out, NAI_SIGN_FIXED, 5);
  case 12: return nai_rule_create_kolen_pollack(out, 1e-3, 5);
  case 13: return nai_rule_create_weight_mirror(out, 5);
  case 14: return nai_rule_create_node_perturbation(out, 0.1, 5);
  case 15: return nai_rule_create_reward_hebbian(out, 5);
  case 16: return nai_rule_create_force(out);
  default: return nai_rule_create_bptt(out);
  }
}

static nai_status make_optimizer(nai_optimizer **out, int kind)
{
  switch (kind) {
  case MOMENTUM: return nai_optimizer_create_momentum(out, 0.01);
  case RMSPROP: return nai_optimizer_create_rmsprop(out, 1e-3);
  case 16: /* FORCE moves the weights itself */
  case SGD: return nai_optimizer_create_sgd(out, 0.01);
  case ADAMW: return nai_optimizer_create_adamw(out, 1e-3);
  default: return nai_optimizer_create_adam(out, 1e-3);
  }
}

static void constrain(nai_network *net, const char *from, const char *to, nai_status made,
                      nai_constraint **constraint)
{
  MUST(made == NAI_OK);
  MUST(nai_network_constrain(net, from, to, *constraint) == NAI_OK);
  nai_constraint_destroy(*constraint);
}

/* Excitation and inhibition, with what else a file can hold. */
static void compose_rich(nai_network *net)
{
  nai_constraint *c;
  nai_network_add_population(net, "E", 5, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 2, NAI_INHIBITORY);
  nai_network_add_population(net, "layer", 2, NAI_FREE);
  nai_network_set_leak(net, "layer", NAI_LEAK_RATE);
  nai_network_set_transfer(net, "I", NAI_TRANSFER_POWER);
  nai_network_set_each(net, "E", "tau", (double[]){20, 30, 40, 50, 1e9}, 5);
  nai_network_set(net, "E I", "noise", 0.1);
  nai_network_set(net, "stimulus", "noise", 0.1);
  nai_network_place_lattice(net, "E I", 0.1);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "layer");
  nai_network_connect(net, "layer", "choice");
  nai_network_set_delay(net, "E", "layer", 0);
  nai_network_set_delay(net, "E", "I", 60);
  constrain(net, "E I", "E I", nai_constraint_create_sparse(&c, 0.6), &c);
  constrain(net, "I", "E", nai_constraint_create_dale(&c, NAI_DALE_REFLECT), &c);
  constrain(net, "E", "E", nai_constraint_create_max_weight(&c, 0.5), &c);
}

nai_network *target_network(int kind)
{
  nai_network *net;
  MUST(nai_network_create(&net, 20) == NAI_OK);
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_output(net, "choice", 3);
  if (kind == RICH) {
    compose_rich(net);
  } else {
    nai_network_add_population(net, "units", 6, NAI_FREE);
    nai_network_set_transfer(net, "units", NAI_TRANSFER_TANH);
    nai_network_set(net, "units", "plastic_initial", kind >= STAGES);
    nai_network_connect(net, "stimulus", "units");
    nai_network_connect(net, "units", "units");
    nai_network_connect(net, "units", "choice");
  }
  MUST(nai_network_build(net, 4) == NAI_OK);
  return net;
}

static nai_status fill(void *user, nai_trial_batch *batch)
{
  (void)user;
  for (int64_t t = 0; t < batch->steps; t++)
    for (int64_t k = 0; k < batch->trials; k++)
      for (int64_t c = 0; c < 3; c++) {
        double phase = 0.3 * (double)t + (double)c;
        batch->input[(t * batch->trials + k) * batch->n_inputs + c] = (float)sin(phase);
        batch->target[(t * batch->trials + k) * batch->n_outputs + c] = (float)cos(phase) / 2;
      }
  return NAI_OK;
}

static nai_task *make_task(const nai_network *net, int own)
{
  nai_task *task;
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .name = "waves",
                      .n_inputs = 3,
                      .n_outputs = 3,
                      .max_steps = 6,
                      .generate = fill};
  if (own) {
    MUST(nai_task_create_own(&task, &ops, net, NULL) == NAI_OK);
    return task;
  }
  MUST(nai_task_create(&task, "perceptual-decision-making", net) == NAI_OK);
  MUST(nai_task_set(task, "fixation", 40) == NAI_OK);
  MUST(nai_task_set(task, "stimulus", 40) == NAI_OK);
  MUST(nai_task_set(task, "decision", 40) == NAI_OK);
  return task;
}

/* A list, a staircase that moves at each evaluation, a number. */
static void add_stages(nai_trainer *trainer)
{
  nai_curriculum *c;
  nai_staircase s = NAI_STAIRCASE_INIT;
  s.parameter = "coherence";
  s.start = 100;
  s.hardest = 20;
  s.step = 45;
  s.harder_at = s.easier_at = 0;
  MUST(nai_curriculum_create(&c) == NAI_OK);
  MUST(nai_curriculum_add_stage(c, "easy", 0, 1) == NAI_OK);
  MUST(nai_curriculum_set(c, "easy", "coherence", (double[]){51.2, 100}, 2) == NAI_OK);
  MUST(nai_curriculum_add_stage(c, "shaped", 0, 1) == NAI_OK);
  MUST(nai_curriculum_add_staircase(c, "shaped", &s) == NAI_OK);
  MUST(nai_curriculum_add_stage(c, "last", 1, 1) == NAI_OK);
  MUST(nai_curriculum_set(c, "last", "stimulus", (double[]){80}, 1) == NAI_OK);
  MUST(nai_trainer_set_curriculum(trainer, c) == NAI_OK);
  nai_curriculum_destroy(c);
}

static void attach(nai_trainer *trainer, nai_status made, nai_cost **cost, double beta)
{
  MUST(made == NAI_OK);
  MUST(nai_trainer_add_cost(trainer, *cost, beta) == NAI_OK);
  nai_cost_destroy(*cost);
}

nai_trainer *target_trainer(nai_network *net, int kind)
{
  nai_rule *rule;
  nai_optimizer *optimizer;
  nai_trainer *trainer;
  nai_cost *cost;
  int real = kind == 16 || kind == OWN_TASK;
  nai_task *task = make_task(net, real);
  MUST(make_rule(&rule, kind) == NAI_OK);
  MUST(make_optimizer(&optimizer, kind) == NAI_OK);
  MUST(nai_trainer_create(&trainer, net, rule, optimizer, task) == NAI_OK);
  attach(trainer,
         real ? nai_cost_create_mse(&cost, "choice")
              : nai_cost_create_cross_entropy(&cost, "choice"),
         &cost, 1);
  if (kind == STAGES || kind == RICH)
    attach(trainer, nai_cost_create_l2_rates(&cost, "*"), &cost, 0.1);
  MUST(nai_trainer_set(trainer, "batch", 2) == NAI_OK);
  MUST(nai_trainer_set(trainer, "evaluate_every", real ? 0 : 2) == NAI_OK);
  MUST(nai_trainer_set(trainer, "evaluate_trials", 4) == NAI_OK);
  if (kind == STAGES) add_stages(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_task_destroy(task);
  return trainer;
}
