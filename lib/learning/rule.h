/*
 * A learning rule as the trainer sees it, and the pass over a batch that it works on.
 *
 * A rule gets what a batch did (activity), what the outputs should have done (dJ/dz), and a way to
 * ask for the rate costs' dJ/dr; it writes its estimate of dJ/dtheta. It does not know which costs
 * there are, nor which optimiser follows.
 *
 * nai_rule is what the user picked: a kind, its numbers, a seed. nai__learner is that rule at work
 * on one network, with all that it remembers from update to update.
 */
#ifndef NAI_LEARNING_RULE_H
#define NAI_LEARNING_RULE_H

#include <neuroai/rule.h>

#include "../base/bound.h"
#include "../base/parameter.h"
#include "../base/reference.h"
#include "../base/threads.h"
#include "../base/watch.h"
#include "../running/descent.h"
#include "feedback.h"

typedef struct nai__learner nai__learner;
struct nai__online_ops;

/*
 * For rules that learn from the cost of each trial alone: what costs on outputs and rates say of it,
 * weighted. Trials add up to J over the batch, or to less by what costs on weights say.
 */
typedef struct nai__trial_costs {
  nai__perturbation perturbation;
  const double *cost;      /* [trials] of the activity at hand */
  const double *perturbed; /* [trials] with the perturbation; of rules that compare */
  const uint32_t *type;    /* [trials] equal where all conditions of trials are equal */
} nai__trial_costs;

typedef struct nai__pass {
  const nai_network *net;
  const nai__activity *activity; /* of steps first + 1 .. end, and all outputs */
  int64_t steps, trials;
  int64_t all_trials; /* that J is a mean over: of the batch, of which these may be a part */
  int64_t first, end; /* 0 and `steps` but where a rule walks back through spans */
  /*
   * Of rules that do: steps of a span, of which the last may have fewer; and what brings the activity
   * of the one after step `first` back, which moves these two. A trial that is kept whole is one span.
   */
  int64_t span;
  nai_status (*recall)(void *user, int64_t first);
  int64_t rows; /* trials of a group, which are worked on together; the last ones may be fewer */
  /*
   * Trials that a thread walks back with, and those of them whose sums are one: parts of a group. Only the
   * first goes by threads.
   */
  int64_t walked, summed;
  int64_t update; /* updates made before */
  nai__pool *pool;
  const int32_t *length; /* [trials] steps of each trial */
  /*
   * dJ/dz [steps][trials][ld_outputs], of what outputs receive at a step: where they have a memory it
   * has gone through nai__filter_outputs(). Rules that perturb write theirs, and call that.
   */
  float *output_gradient;
  /*
   * [steps][trials][ld_units]: dJ/dr where has_signal, else to be written first. In spans: of one, and
   * of as many steps after it as the longest delay has.
   */
  float *signal;
  int has_signal; /* a rate cost has written all of `signal` */
  /*
   * Adds the other rate costs' dJ/dr of step t (from 1), trials row .. row + rows - 1, units first
   * .. end - 1, to g [rows][ld_units]. A rule calls it once for every step, trial and unit; NULL
   * without such costs.
   */
  void (*rate_signal)(void *user, int64_t t, int64_t row, int64_t rows, int64_t first, int64_t end,
                      float *g);
  /*
   * dJ/dz of the last step in e, were outputs z there: both [trials][ld_outputs]. For rules that go on
   * from there; on the thread that calls.
   */
  nai_status (*output_signal)(void *user, const float *z, float *e);
  void *user;                          /* of these three */
  const nai__trial_costs *trial_costs; /* for rules that perturb; NULL for others */
  float *gradient;       /* out: dJ/dtheta, as theta is laid out; what is not plastic is cleared
                            afterwards */
  float *carry;          /* [trials][ld_units], scratch of the rule */
  float *start;          /* [trials][ld_units], scratch of the rule */
  double *bias_sum;      /* [trials / summed][nai__numbers_width()], scratch of the rule */
  double *output_bias;   /* [n_outputs] gradient of output biases, once it is_filtered */
  int is_filtered;       /* 1: output_gradient has gone through the memory of outputs */
  float **outer_scratch; /* [threads] */
  /*
   * [groups of `rows` trials, less one][n_theta]: weight gradients of all groups but the first, where each
   * has its own, which are added up at the end; NULL where all trials are one sum.
   */
  float *sums;
  float *state_carry;   /* [trials][ld_state], scratch of the walk back through cells */
  float *const *slopes; /* [threads]: room for slopes of cells of a group of `rows` trials */
  nai__failure failed;  /* the first failure of a model's function */
} nai__pass;

/* Groups of `rows` trials that are worked on together. */
static inline int64_t nai__pass_groups(const nai__pass *pass)
{
  return nai__tasks_of(pass->trials, pass->rows);
}

static inline int64_t nai__pass_sums(const nai__pass *pass)
{
  return nai__tasks_of(pass->trials, pass->summed);
}

/* Times that a thread walks back; and of trials row .. of one of them, how many it walks with. */
static inline int64_t nai__pass_walks(const nai__pass *pass)
{
  return nai__tasks_of(pass->trials, pass->walked);
}

static inline int64_t nai__pass_walked(const nai__pass *pass, int64_t row)
{
  return nai__task_from(row, pass->trials, pass->walked);
}

/* Costs that a rule can learn from. All but the last reach it; those it must know how to use. */
enum {
  NAI__LEARNS_OUTPUTS = 1,   /* costs on outputs, by dJ/dz */
  NAI__LEARNS_RATES = 2,     /* costs on rates that are sums over steps and trials */
  NAI__LEARNS_ALL_RATES = 4, /* costs on rates that want the batch whole */
  NAI__LEARNS_ERRORS = 8,   /* costs on errors: it leaves dJ/dv of each unit and step in `signal` */
  NAI__LEARNS_WEIGHTS = 16, /* costs on weights: their own gradient is added to the estimate */
  /* what a rule does that gets dJ/dz and dJ/dr of a batch */
  NAI__LEARNS_FROM_ACTIVITY =
      NAI__LEARNS_OUTPUTS | NAI__LEARNS_RATES | NAI__LEARNS_ALL_RATES | NAI__LEARNS_WEIGHTS
};

/* Units that a rule can drive. */
enum {
  NAI__RATE_UNITS = 0,        /* rate units alone, for the reason that it gives */
  NAI__UNITS_WITH_SLOPES = 1, /* of every model that has slopes */
  NAI__ALL_UNITS = 2          /* of every model */
};

/* How a rule that learns from the cost of each trial has a batch run. */
enum {
  NAI__RUNS_PERTURBED = 1, /* once, perturbed: that is the activity at hand */
  NAI__RUNS_BOTH = 2,      /* perturbed, for its costs, then unperturbed: the activity at hand */
  NAI__KEEPS_CURRENTS = 4  /* and the currents of all steps */
};

/* Weights of an update that is being made. */
typedef struct nai__moved {
  float *theta;
  const float *before;
  int64_t update; /* made before: of the trainer, or of an agent within its trials */
} nai__moved;

typedef struct nai__rule_kind {
  const char *name;
  const nai__parameter *parameter;
  int n_parameters;
  uint32_t costs;  /* NAI__LEARNS_... */
  int costless;    /* 1: it learns without any cost, too */
  int units;       /* NAI__RATE_UNITS, NAI__UNITS_WITH_SLOPES or NAI__ALL_UNITS */
  const char *why; /* NAI__RATE_UNITS: "rule 'x' works with rate units alone, ...;"; or NULL */
  int in_spans;    /* 1: it is a walk back that may go from span to span of a trial */
  int in_shards;   /* 1: its estimate is a sum over trials, and changes nothing that it keeps; as is
                    that of every rule that is in_spans */
  int released;    /* 1: goes through short-term plasticity, too */
  int makes_feedback; /* 1: feedback weights follow from the weights; they cannot be set */
  /* Makes what the rule keeps for this network, or says why it cannot drive it. NULL: nothing. */
  nai_status (*attach)(nai__learner *learner);
  void (*detach)(nai__learner *learner); /* releases `own`; NULL: nothing to release */
  /*
   * What the rule keeps, fitted to the synapses that there are and that learn now; what fails leaves it as
   * it was. Of rules that keep something else than numbers laid out as theta is; NULL for others.
   */
  nai_status (*fit)(nai__learner *learner);
  /*
   * Bytes that it takes for batches of so many trials on so many threads, beside what the learner
   * keeps and what is as small as units. NULL: none.
   */
  int64_t (*memory)(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads);
  nai_status (*estimate)(nai__learner *learner, nai__pass *pass);
  uint32_t runs; /* NAI__RUNS_... and NAI__KEEPS_..., for rules that perturb; else 0 */
  void (*perturb)(const nai__learner *learner, nai__perturbation *out); /* NULL: not */
  /*
   * After the optimiser has moved theta, before constraints: for rules that have a weight decay of
   * their own, or limit the move. NULL: none of it.
   */
  void (*moved)(nai__learner *learner, const nai__moved *now);
  /*
   * After constraints, when the update stands: for rules whose feedback moves too, or that remember
   * what they learnt from. Packed weights are still those of before. NULL: none of it.
   */
  void (*settled)(nai__learner *learner, const nai__moved *now);
  const struct nai__online_ops *online; /* how it learns within a trial; NULL: it does not */
} nai__rule_kind;

#define NAI__MOST_RULE_PARAMETERS 8

struct nai_rule {
  nai__reference reference;
  const nai__rule_kind *kind;
  double number[NAI__MOST_RULE_PARAMETERS];
  uint64_t seed;
  void *user;              /* of a user's own rule */
  void (*destroy)(void *); /* releases it */
};

/* Doubles that an earlier release kept as floats, so many of them, and what they are today. */
typedef struct nai__former {
  int64_t n;
  void (*convert)(double *now, const float *then);
} nai__former;

/* Memory that a rule keeps from update to update, of either type; checkpoints hold it. */
typedef struct nai__kept {
  const char *name;
  int64_t n;       /* numbers */
  float *floats;   /* [n], or NULL */
  double *doubles; /* [n], or NULL */
  int as_theta;    /* 1: floats that are laid out as theta is */
  int fixed;       /* 1: no update changes it, only who sets it */
  nai__former former;
} nai__kept;

#define NAI__MOST_KEPT 8

struct nai__learner {
  const nai_rule *rule;
  const nai_network *net;
  nai__feedback feedback;
  nai__kept kept[NAI__MOST_KEPT];
  int n_kept;
  void *own;
  nai__descent *descent; /* of rules that learn after one; NULL */
  nai__watch watch;      /* to be asked while attach() works */
  int64_t base;          /* bytes that whoever made it takes, the network among them */
};

nai_status nai__rule_create(nai_rule **out, const nai__rule_kind *kind, uint64_t seed);
void nai__rule_keep(nai_rule *rule);
/* Its parameter "update_every": steps between updates within a trial; 0: without, at the end. */
int64_t nai__rule_every(const nai_rule *rule);

/* The rule must outlive the learner. */
nai_status nai__learner_create(nai__learner **out, const nai_rule *rule, const nai_network *net,
                               nai__watch watch, int64_t base);
/* Bytes that the rule takes. Before it is attached, what it will keep is not known and not counted. */
int64_t nai__learner_bytes(const nai__learner *learner, int64_t trials, int64_t threads);
void nai__learner_destroy(nai__learner *learner);
/* NAI_OK when the network's limit allows what it takes and so many bytes more. */
nai_status nai__learner_check(const nai__learner *learner, int64_t more);
/* Memory of the learner's, 0 at first, that checkpoints hold under this name; NULL without memory. */
float *nai__learner_keep(nai__learner *learner, const char *name, int64_t n);
/* The same, laid out as theta is. */
float *nai__learner_keep_theta(nai__learner *learner, const char *name);
/* What was kept last is changed by no update. */
void nai__learner_keep_fixed(nai__learner *learner);
double *nai__learner_keep_doubles(nai__learner *learner, const char *name, int64_t n);
/* After its memory was written from outside: a checkpoint, the user's feedback weights. */
void nai__learner_refresh(nai__learner *learner);

/* Puts other numbers, which the learner takes, in place of those that were kept under this name. */
void nai__learner_replace_doubles(nai__learner *learner, const char *name, double *values,
                                  int64_t n);
/*
 * Fits what the rule keeps to the network as it is: before an update is made, and before what is kept is
 * saved or read.
 */
nai_status nai__learner_fit(nai__learner *learner);

/* Bytes of what is kept under one name, and where they are. */
size_t nai__kept_size(const nai__kept *kept);
void *nai__kept_memory(const nai__kept *kept);
/* Memory for a second copy; 0, and none, without memory. */
int nai__kept_copy(nai__kept *out, const nai__kept *kept);
void nai__kept_release(nai__kept *kept);

/*
 * Takes dJ/dz back through the memory of outputs, if any has one; before it is, sums it up for their
 * biases, which no memory holds.
 */
void nai__filter_outputs(nai__pass *pass);

/*
 * Weight gradient of every block, from dJ/dv in `signal` and dJ/dz: one product over all steps and
 * trials that are there; added to that of the spans after these.
 */
void nai__correlate(nai__pass *pass);
/* The same of blocks to outputs alone. */
void nai__correlate_outputs(nai__pass *pass);

/*
 * The same where a pass has `sums`: of one group of trials, by the thread that has just made its errors; of
 * all groups; and, after all spans, the gradient that they add up to.
 */
void nai__correlate_group(nai__pass *pass, int64_t group, int32_t thread);
void nai__correlate_groups(nai__pass *pass);
void nai__correlate_end(nai__pass *pass);

#endif
