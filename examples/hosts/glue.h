/*
 * What the C parts of the hosts share whose languages need one (R, Octave, Node): a model with its
 * state, opened from a file, and its training by a callback.
 */
#ifndef GLUE_H
#define GLUE_H

#include <neuroai/neuroai.h>
#include <stdlib.h>

typedef struct host {
  nai_network *net;
  nai_state *animal;
  int64_t n_in, n_out; /* channels */
} host;

static void host_close(host *h)
{
  if (!h) return;
  nai_state_destroy(h->animal);
  nai_network_destroy(h->net);
  free(h);
}

/* NULL if it fails; nai_last_error() says why. */
static host *host_open(const char *path, uint64_t seed)
{
  host *h = calloc(1, sizeof *h);
  if (!h) nai_set_error("not enough memory");
  if (!h) return NULL;
  if (nai_network_load(&h->net, path, NULL) != NAI_OK ||
      nai_state_create(&h->animal, h->net, /* trials at once */ 1, seed) != NAI_OK) {
    host_close(h);
    return NULL;
  }
  h->n_in = nai_network_size(h->net, NAI_INPUTS, NULL);
  h->n_out = nai_network_size(h->net, NAI_OUTPUTS, NULL);
  return h;
}

static nai_status host_train(host *h, int64_t steps, nai_progress_callback watch, void *user)
{
  nai_task *task = NULL;
  nai_cost *cost = NULL;
  nai_rule *rule = NULL;
  nai_optimizer *adam = NULL;
  nai_trainer *trainer = NULL;
  nai_status status = nai_task_create(&task, "perceptual-decision-making", h->net);
  if (status == NAI_OK) status = nai_task_set(task, "stimulus", 500.0); /* ms */
  if (status == NAI_OK) status = nai_cost_create_cross_entropy(&cost, "choice");
  if (status == NAI_OK) status = nai_rule_create_bptt(&rule);
  if (status == NAI_OK) status = nai_optimizer_create_adam(&adam, 1e-3);
  if (status == NAI_OK) status = nai_trainer_create(&trainer, h->net, rule, adam, task);
  if (status == NAI_OK) status = nai_trainer_add_cost(trainer, cost, 1.0);
  if (status == NAI_OK) status = nai_trainer_set(trainer, "evaluate_every", 0);
  if (status == NAI_OK) status = nai_trainer_run(trainer, steps, watch, user);
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  return status;
}

#endif
