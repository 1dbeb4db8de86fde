/*
 * Restoring a checkpoint. Everything in the file is held against the trainer that is there, and
 * read into memory of its own; only when all of it fits does anything change.
 */
#include <neuroai/checkpoint.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "checkpoint.h"
#include "dtypes.h"

typedef struct restorer {
  nai_trainer *trainer;
  nai__tensors file;
  nai__json_document json;
  float *theta, *mean, *square;   /* [n_theta] */
  nai__kept kept[NAI__MOST_KEPT]; /* by the rule */
  nai__history history;
  double *staircase;
  int64_t updates, moves, stage, streak;
  uint64_t drawn, seed;
  double performance;
  double setting[8], shards;
} restorer;

/* --- the same trainer? ------------------------------------------------------------------------ */

static nai_status check_description(const restorer *r)
{
  nai__json_writer w = {NULL, 0, 0, NAI_OK};
  nai__json_document ours = {NULL, NULL};
  nai__json_open(&w, NULL, '{');
  nai__model_describe(&w, r->trainer->plasticity.net);
  nai__checkpoint_describe(&w, r->trainer, nai__json_get(r->json.root, "trainer"));
  nai__json_close(&w, '}');
  nai_status status = nai__json_finish(&w);
  if (status == NAI_OK)
    status = nai__json_parse(&ours, w.text, (size_t)w.size, "the trainer's own description");
  if (status == NAI_OK) status = nai__json_same(r->json.root, ours.root, "");
  nai__json_release(&ours);
  nai__json_writer_release(&w);
  return status;
}

/* These have learnt; all other arrays are what the network is. */
static int has_learnt(const char *name)
{
  return strncmp(name, "weight: ", 8) == 0 || strncmp(name, "bias: ", 6) == 0 ||
         strncmp(name, "initial: ", 9) == 0;
}

/* A tensor of the file against the same one of ours, part by part. */
static nai_status check_array(const restorer *r, const nai__tensor_entry *ours)
{
  char theirs[1024], mine[1024];
  const nai__tensor *here = &ours->tensor;
  int64_t size = nai__dtype_size(here->dtype), most = (int64_t)sizeof theirs / size;
  nai__tensor tensor;
  NAI__TRY(
      nai__tensors_expect(&tensor, &r->file, ours->name, here->dtype, here->ndim, here->shape));
  if (has_learnt(ours->name)) return NAI_OK;
  for (int64_t first = 0; first < here->count; first += most) {
    int64_t n = here->count - first < most ? here->count - first : most;
    NAI__TRY(nai__tensors_read(theirs, &r->file, &tensor, first, n));
    nai__piece_copy(mine, &ours->piece, (size_t)(first * size), (size_t)(n * size));
    if (memcmp(theirs, mine, (size_t)(n * size)) != 0)
      return nai__fail(NAI_ERR_INVALID, "'%s' is not as it is here", ours->name);
  }
  return NAI_OK;
}

static nai_status check_arrays(const restorer *r)
{
  nai__tensor_list list = {NULL, 0, 0};
  nai_status status = nai__model_add(&list, r->trainer->plasticity.net);
  for (int64_t i = 0; i < list.n && status == NAI_OK; i++) status = check_array(r, &list.entry[i]);
  nai__tensor_list_release(&list);
  return status;
}

/* --- arrays ----------------------------------------------------------------------------------- */

/* A tensor where units differ or learn; where there is none, it is what it was. */
static nai_status fill_initial(const restorer *r, const nai__node *node)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  nai__model_node_tensor(name, "initial", node->name);
  if (!nai__tensors_have(&r->file, name)) return NAI_OK;
  NAI__TRY(nai__tensors_expect(&tensor, &r->file, name, NAI__F64, 1, &node->n));
  float *initial =
      r->theta + nai__learning_start(r->trainer->plasticity.net, node, NAI__INITIAL_STATE);
  for (int64_t u = 0; u < node->n; u++) {
    double value;
    NAI__TRY(nai__tensors_read(&value, &r->file, &tensor, u, 1));
    if (!(fabs(value) <= (double)FLT_MAX))
      return nai__fail(NAI_ERR_FORMAT, "tensor '%s' [%lld] is %g, must be finite", name,
                       (long long)u, value);
    initial[u] = (float)value;
  }
  return NAI_OK;
}

static nai_status read_theta(restorer *r)
{
  nai_network *net = r->trainer->plasticity.net;
  r->theta = NAI__ARRAY(float, net->n_theta);
  if (!r->theta) return NAI_ERR_MEMORY;
  memcpy(r->theta, net->theta, (size_t)net->n_theta * sizeof *r->theta);
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind != NAI_INPUTS) {
      NAI__TRY(nai__model_fill_bias(r->theta, &r->file, net, &net->node[i]));
      NAI__TRY(fill_initial(r, &net->node[i]));
    }
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(nai__model_fill_weights(r->theta, &r->file, net, &net->projection[i]));
  return NAI_OK;
}

static nai_status check_finite(double value, const char *name, int64_t i)
{
  if (isfinite(value)) return NAI_OK;
  return nai__fail(NAI_ERR_FORMAT, "tensor '%s' [%lld] is %g, must be finite", name, (long long)i,
                   value);
}

/* Finite numbers that the trainer has too. */
static nai_status read_floats(float *out, const restorer *r, const char *name, int64_t n)
{
  nai__tensor tensor;
  NAI__TRY(nai__tensors_expect(&tensor, &r->file, name, NAI__F32, 1, &n));
  NAI__TRY(nai__tensors_read(out, &r->file, &tensor, 0, n));
  for (int64_t i = 0; i < n; i++) NAI__TRY(check_finite((double)out[i], name, i));
  return NAI_OK;
}

static nai_status read_doubles(double *out, const restorer *r, const char *name, int64_t n)
{
  nai__tensor tensor;
  NAI__TRY(nai__tensors_expect(&tensor, &r->file, name, NAI__F64, 1, &n));
  NAI__TRY(nai__tensors_read(out, &r->file, &tensor, 0, n));
  for (int64_t i = 0; i < n; i++) NAI__TRY(check_finite(out[i], name, i));
  return NAI_OK;
}

/* An array laid out as theta; release 0.1.0 wrote it whole, under a name of its own. */
static nai_status read_theta_like(float *out, const restorer *r, const char *what,
                                  const char *whole)
{
  const nai_network *net = r->trainer->plasticity.net;
  if (nai__tensors_have(&r->file, whole)) return read_floats(out, r, whole, net->n_theta);
  return nai__theta_fill(out, &r->file, net, what);
}

static nai_status read_moment(float **out, const restorer *r, const char *what, const char *whole)
{
  *out = NAI__ARRAY(float, r->trainer->plasticity.net->n_theta);
  return *out ? read_theta_like(*out, r, what, whole) : NAI_ERR_MEMORY;
}

static nai_status read_moments(restorer *r)
{
  const nai__plasticity *p = &r->trainer->plasticity;
  if (p->mean) NAI__TRY(read_moment(&r->mean, r, "mean", "trainer: mean"));
  if (p->square) NAI__TRY(read_moment(&r->square, r, "square", "trainer: square"));
  for (int64_t i = 0; p->square && i < p->net->n_theta; i++)
    if (r->square[i] < 0)
      return nai__fail(NAI_ERR_FORMAT, "a mean of squared gradients is %g, must be at least 0",
                       (double)r->square[i]);
  return NAI_OK;
}

/* Doubles that an earlier release kept as floats. */
static nai_status read_former(double *out, const restorer *r, const char *name,
                              const nai__former *former)
{
  float *then = NAI__ARRAY(float, former->n);
  if (!then) return NAI_ERR_MEMORY;
  nai_status status = read_floats(then, r, name, former->n);
  if (status == NAI_OK) former->convert(out, then);
  nai__free(then);
  return status;
}

static nai_status read_one(nai__kept *kept, const restorer *r)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  nai__model_node_tensor(name, "rule", kept->name);
  if (kept->as_theta) return read_theta_like(kept->floats, r, kept->name, name);
  if (kept->floats) return read_floats(kept->floats, r, name, kept->n);
  NAI__TRY(nai__tensors_find(&tensor, &r->file, name));
  if (kept->former.n && tensor.dtype == NAI__F32)
    return read_former(kept->doubles, r, name, &kept->former);
  return read_doubles(kept->doubles, r, name, kept->n);
}

static nai_status read_kept(restorer *r)
{
  nai__learner *learner = r->trainer->plasticity.learner;
  NAI__TRY(nai__learner_fit(learner));
  for (int i = 0; i < learner->n_kept; i++) {
    if (!nai__kept_copy(&r->kept[i], &learner->kept[i])) return NAI_ERR_MEMORY;
    NAI__TRY(read_one(&r->kept[i], r));
  }
  return NAI_OK;
}

/*
 * What an update writes there: see NAI_HISTORY_.... NaN is what a cost had before it was added, and
 * the norm of a gradient that is none.
 */
static int is_history(const double *row, int64_t columns)
{
  double performance = row[NAI_HISTORY_PERFORMANCE], stage = row[NAI_HISTORY_STAGE];
  int good = isfinite(row[NAI_HISTORY_COST]) && !isinf(row[NAI_HISTORY_GRADIENT_NORM]) &&
             !(performance < 0 || performance > 1) && stage >= -1 && stage == floor(stage);
  for (int64_t k = NAI_HISTORY_COSTS; k < columns; k++) good &= !isinf(row[k]);
  return good && isfinite(stage);
}

static nai_status check_history(const nai__history *h)
{
  for (int64_t i = 0; i < h->rows; i++)
    if (!is_history(h->value + i * h->columns, h->columns))
      return nai__fail(NAI_ERR_FORMAT, "tensor 'trainer: history' [%lld] cannot be of an update",
                       (long long)i);
  return NAI_OK;
}

static nai_status read_history(restorer *r)
{
  nai__tensor tensor;
  int64_t columns = r->trainer->history.columns;
  NAI__TRY(nai__tensors_find(&tensor, &r->file, "trainer: history"));
  if (tensor.dtype != NAI__F64 || tensor.ndim != 2 || tensor.shape[1] != columns ||
      tensor.shape[0] != r->updates)
    return nai__fail(NAI_ERR_FORMAT, "tensor 'trainer: history' must be F64 [%lld, %lld]",
                     (long long)r->updates, (long long)columns);
  r->history.columns = columns;
  NAI__TRY(nai__history_reserve(&r->history, tensor.shape[0]));
  NAI__TRY(nai__tensors_read(r->history.value, &r->file, &tensor, 0, tensor.count));
  r->history.rows = tensor.shape[0];
  return check_history(&r->history);
}

static nai_status read_staircases(restorer *r)
{
  const nai_curriculum *c = r->trainer->course.curriculum;
  nai__tensor tensor;
  if (!c) return NAI_OK;
  NAI__TRY(
      nai__tensors_expect(&tensor, &r->file, "trainer: staircases", NAI__F64, 1, &c->n_staircases));
  r->staircase = NAI__ARRAY(double, tensor.count + 1);
  if (!r->staircase) return NAI_ERR_MEMORY;
  NAI__TRY(nai__tensors_read(r->staircase, &r->file, &tensor, 0, tensor.count));
  for (int64_t i = 0; i < tensor.count; i++) {
    const nai_staircase *staircase = &c->staircase[i].rule;
    double low = fmin(staircase->start, staircase->hardest),
           high = fmax(staircase->start, staircase->hardest);
    if (!(r->staircase[i] >= low && r->staircase[i] <= high))
      return nai__fail(NAI_ERR_FORMAT,
                       "tensor 'trainer: staircases' [%lld] is %g, must be %g to %g", (long long)i,
                       r->staircase[i], low, high);
  }
  return NAI_OK;
}

/* --- progress --------------------------------------------------------------------------------- */

static nai_status read_drawn(restorer *r, const nai__json *progress)
{
  const char *text;
  NAI__TRY(nai__json_text(&text, progress, "drawn"));
  if (!nai__model_number(&r->drawn, text) || r->drawn >> 55)
    return nai__fail(NAI_ERR_FORMAT, "'drawn' is '%.40s', must be a number below 2^55", text);
  return NAI_OK;
}

/* A number below 2^53, or the text of one of 64 bits. */
static nai_status read_seed(restorer *r, const nai__json *progress)
{
  const char *text = nai__json_string(nai__json_get(progress, "seed"));
  double number = 0;
  if (text && !nai__model_number(&r->seed, text))
    return nai__fail(NAI_ERR_FORMAT, "'seed' is '%.40s', must be a number of 64 bits", text);
  if (text) return NAI_OK;
  NAI__TRY(nai__json_real(&number, progress, "seed"));
  if (!(number >= 0 && number <= 9007199254740992.0 && number == floor(number)))
    return nai__fail(NAI_ERR_FORMAT, "'seed' is %g, must be a whole number of 0 to 2^53", number);
  r->seed = (uint64_t)number;
  return NAI_OK;
}

static nai_status read_progress(restorer *r)
{
  const nai__json *progress = nai__json_get(r->json.root, "progress");
  const nai_curriculum *c = r->trainer->course.curriculum;
  if (!progress)
    return nai__fail(NAI_ERR_FORMAT,
                     "it is a model file without a training in it: load it as a network");
  NAI__TRY(nai__json_whole(&r->updates, progress, "updates", 0, INT64_MAX / 2));
  NAI__TRY(nai__json_whole(&r->moves, progress, "moves", 0, INT64_MAX / 2));
  NAI__TRY(nai__json_whole(&r->stage, progress, "stage", 0, c ? c->n_stages : 0));
  NAI__TRY(nai__json_whole(&r->streak, progress, "streak", 0, INT64_MAX / 2));
  NAI__TRY(read_drawn(r, progress));
  NAI__TRY(read_seed(r, progress));
  r->performance = NAN;
  if (nai__json_get(progress, "performance"))
    NAI__TRY(nai__json_real(&r->performance, progress, "performance"));
  if (r->performance < 0 || r->performance > 1)
    return nai__fail(NAI_ERR_FORMAT, "'performance' is %g, must be 0 to 1", r->performance);
  for (int i = 0; nai__checkpoint_setting(i); i++)
    NAI__TRY(nai__json_real(&r->setting[i], progress, nai__checkpoint_setting(i)));
  r->shards = 1;
  return nai__json_get(progress, "shards") ? nai__json_real(&r->shards, progress, "shards")
                                           : NAI_OK;
}

/* --- restoring -------------------------------------------------------------------------------- */

static nai_status read_all(restorer *r, const nai__source *from)
{
  NAI__TRY(nai__tensors_open_from(&r->file, from));
  NAI__TRY(nai__model_parse(&r->json, &r->file));
  NAI__TRY(read_progress(r));
  NAI__TRY(check_description(r));
  NAI__TRY(check_arrays(r));
  NAI__TRY(read_theta(r));
  NAI__TRY(read_moments(r));
  NAI__TRY(read_kept(r));
  NAI__TRY(read_history(r));
  return read_staircases(r);
}

/* All that is checked once more as it is set: settings, and the task's parameters by stage. */
static nai_status set_up(const restorer *r)
{
  nai_trainer *trainer = r->trainer;
  for (int i = 0; nai__checkpoint_setting(i); i++)
    NAI__TRY(nai_trainer_set(trainer, nai__checkpoint_setting(i), r->setting[i]));
  NAI__TRY(nai_trainer_set(trainer, "shards", r->shards));
  NAI__TRY(nai_trainer_set_seed(trainer, r->seed));
  if (!trainer->course.curriculum) return NAI_OK;
  return nai__course_resume(&trainer->course, trainer->task, r->stage, r->streak, r->staircase);
}

static void take(restorer *r)
{
  nai_trainer *trainer = r->trainer;
  size_t bytes = (size_t)trainer->plasticity.net->n_theta * sizeof(float);
  memcpy(trainer->plasticity.net->theta, r->theta, bytes);
  nai__pack(trainer->plasticity.net);
  trainer->plasticity.are_ordinary = 0;
  if (trainer->plasticity.mean) memcpy(trainer->plasticity.mean, r->mean, bytes);
  if (trainer->plasticity.square) memcpy(trainer->plasticity.square, r->square, bytes);
  nai__learner *learner = trainer->plasticity.learner;
  for (int i = 0; i < learner->n_kept; i++)
    memcpy(nai__kept_memory(&learner->kept[i]), nai__kept_memory(&r->kept[i]),
           nai__kept_size(&r->kept[i]));
  nai__learner_refresh(learner);
  nai__history_destroy(&trainer->history);
  trainer->history = r->history;
  r->history = (nai__history){0, 0, 0, NULL};
  trainer->step = r->updates;
  trainer->plasticity.moves = r->moves;
  trainer->drawn = r->drawn;
  trainer->performance = r->performance;
  trainer->plasticity.has_gradient = 0;
}

static nai_status restore(restorer *r, const nai__source *from)
{
  const uint64_t seed = r->trainer->seed;
  double before[NAI__SETTINGS];
  NAI__TRY(read_all(r, from));
  memcpy(before, r->trainer->setting, sizeof before);
  nai__work_lend(&r->trainer->plasticity, NAI__SETTING); /* also to a callback of the stage */
  nai_status status = set_up(r);
  nai__work_lend(&r->trainer->plasticity, NAI__NOTHING);
  if (status == NAI_OK) {
    take(r);
  } else {
    memcpy(r->trainer->setting, before, sizeof before);
    r->trainer->seed = seed;
  }
  return status;
}

static nai_status restore_from(nai_trainer *trainer, const nai__source *from)
{
  nai__work turn;
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  restorer r = {.trainer = trainer, .file.file = -1};
  nai_status status = restore(&r, from);
  if (status != NAI_OK) nai__model_blame(status, "checkpoint", from);
  nai__free(r.theta);
  nai__free(r.mean);
  nai__free(r.square);
  for (int i = 0; i < NAI__MOST_KEPT; i++) nai__kept_release(&r.kept[i]);
  nai__free(r.staircase);
  nai__history_destroy(&r.history);
  nai__json_release(&r.json);
  nai__tensors_close(&r.file);
  nai__work_end(&turn);
  return status;
}

nai_status nai_trainer_restore(nai_trainer *trainer, const char *path)
{
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__model_path(path));
  return restore_from(trainer, &(nai__source){.path = path});
}

nai_status nai_trainer_restore_memory(nai_trainer *trainer, const void *bytes, int64_t size)
{
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__model_bytes(bytes, size));
  return restore_from(trainer, &(nai__source){NULL, bytes, size});
}
