/*
 * The objective: costs, each with its weight, and what they said of a batch. meet.c: the one place
 * where a cost is called; terms.c: what a normalised cost is divided by; costs.c: over a batch.
 */
#ifndef NAI_TRAIN_COSTS_H
#define NAI_TRAIN_COSTS_H

#include "../cost/cost.h"
#include "../learning/rule.h"
#include "../network/ends.h"
#include "batch.h"

typedef struct nai__weighed_cost {
  nai_cost *cost;
  double beta;
  double scale;            /* beta, over the number of terms where it is normalised */
  double value;            /* weighted, of the last batch */
  double *part;            /* [groups] of rate costs that are called in parts */
  nai_synapses *room;      /* for all projections */
  nai_synapses **synapses; /* each place of it, as costs are shown them */
} nai__weighed_cost;

/* What costs have to know of the whole batch, where the trials at hand are a part of it. */
typedef struct nai__whole_batch {
  int64_t trials, steps;
  double lengths;     /* sum over trials */
  double *mask_total; /* of each output */
} nai__whole_batch;

/* J: the sum of costs. */
typedef struct nai__objective {
  nai__weighed_cost *cost;
  int64_t n;
  double *value;                 /* [n] of each on the last batch, weighted */
  double total;                  /* their sum */
  int64_t groups;                /* room of `part` and `asked` */
  int64_t *asked;                /* [groups] rates that the rule has asked rate costs about */
  const nai__whole_batch *whole; /* NULL: the trials at hand are all of them */
  nai_status part_error; /* first failure of a cost that is called in parts, on any thread */
  char part_message[256];
} nai__objective;

/* --- meet.c ----------------------------------------------------------------------------------- */

/* What one output should do. */
typedef struct nai__aim {
  const char *name;
  int64_t n;              /* channels */
  int64_t offset;         /* first column among all output channels */
  const float *target;    /* [steps][trials][n], or NULL */
  const int32_t *classes; /* [steps][trials], or NULL */
  const float *mask;      /* [steps][trials][mask_columns] */
  int64_t mask_columns;
  double mask_total; /* what a mean over the mask divides by */
} nai__aim;

/* What it did: [steps][trials][stride], its own channels first. */
typedef struct nai__deed {
  int64_t steps, trials, stride;
  const float *output;
  float *gradient; /* NULL: only the value is wanted */
} nai__deed;

/* Rates of all units: all of a batch, or a part. */
typedef struct nai__rates {
  int64_t steps, trials, stride, step_stride;
  int64_t first_step, batch_trials, batch_steps;
  const int32_t *length;
  const float *rate;
  float *gradient; /* NULL: only the value is wanted */
} nai__rates;

/*
 * Each calls a cost and adds its value to *value, without beta, and `scale` times its gradient to
 * what it is shown. A failure comes back with a message that names the cost.
 */
nai_status nai__meet_output(double *value, const nai_cost *cost, const nai__aim *aim,
                            const nai__deed *deed, double scale);
nai_status nai__meet_rates(double *value, const nai_cost *cost, const nai__node *node,
                           const nai__rates *rates, double scale);
/* All projections that it names; `synapses` are places for them. The gradient is laid out as theta. */
nai_status nai__meet_weights(double *value, const nai_cost *cost, const nai_network *net,
                             nai_synapses *const *synapses, float *gradient, double scale);
nai_status nai__meet_errors(double *value, const nai_cost *cost, nai_error_batch *batch);

/* 1 when a cost on rates or errors is shown this population: its first signal, which may be named. */
static inline int nai__cost_sees(const nai_cost *cost, const nai__node *node)
{
  return node->kind == NAI_POPULATIONS && nai__end_listed(node, NAI__SOURCE, 0, cost->names);
}
/* What an output should do in these trials. */
nai__aim nai__aim_of(const nai__goal *goal, const nai_trials *trials);
/* Rates of a batch, all trials, from step t on; and its signals. */
nai__rates nai__rates_of(const nai__batch *batch, const nai_trials *trials, int64_t t);

/* --- terms.c ---------------------------------------------------------------------------------- */

/* Steps that count, times units, over trials: what turns a mean over trials into a mean over all. */
double nai__rate_terms(const nai_network *net, const nai_cost *cost, const nai_trials *trials);
/* What a cost's sum is divided by when it is normalised, over these trials; else 1. */
double nai__cost_terms(const nai_network *net, const nai_cost *cost, const nai_trials *trials,
                       const nai__whole_batch *whole);
/* The same over one trial of so many steps; 0: nobody has said how many. */
double nai__cost_terms_of_trial(const nai_network *net, const nai_cost *cost, int64_t steps);

/* --- costs.c ---------------------------------------------------------------------------------- */

/* NAI_OK when the network has what the cost names. */
nai_status nai__cost_check(const nai_cost *cost, const nai_network *net);
/* Adds a cost, and keeps a reference. A failure leaves the objective as it was. */
nai_status nai__objective_add(nai__objective *objective, const nai_network *net, nai_cost *cost,
                              double beta);
/* Takes the last cost away again. */
void nai__objective_drop(nai__objective *objective);
/* Room for batches of so many trials. */
nai_status nai__objective_reserve(nai__objective *objective, int64_t trials);
void nai__objective_destroy(nai__objective *objective);

/* What each cost is multiplied with on these trials. */
void nai__costs_scale(nai__objective *objective, const nai_network *net, const nai_trials *trials);
/*
 * Task costs, and rate costs that want the batch whole. Sets the batch's output_gradient, signal and
 * *has_signal.
 */
nai_status nai__costs_before(int *has_signal, nai__objective *objective, nai__batch *batch,
                             const nai_trials *trials);

/* The other rate costs: a rule asks for them in parts, by rate_signal of its pass. */
typedef struct nai__parts {
  nai__objective *objective;
  nai__batch *batch;
  const nai_trials *trials;
} nai__parts;

/* 1 when there are such costs. */
int nai__costs_in_parts(const nai__objective *objective);
/* That rate_signal. `user`: a nai__parts. */
void nai__costs_part(void *user, int64_t t, int64_t row, int64_t rows, int64_t first, int64_t end,
                     float *g);
/* That output_signal: the costs on outputs again, of the last step alone. `user`: the same. */
nai_status nai__costs_of_last(void *user, const float *z, float *e);
/* After the rule's estimate: the first failure of a part, or of a rule that left out any. */
nai_status nai__parts_finish(const nai__parts *parts, const nai_rule *rule);

/* Adds the costs on weights and their gradient, laid out as theta; sums up. */
nai_status nai__costs_after(nai__objective *objective, const nai_network *net, float *gradient);

#endif
