/*
 * A whole life with too little memory: compose, build, train, save, load, restore, evaluate,
 * spectrum, in which every allocation of the process fails in turn, those of the C library and the
 * BLAS too: once, and from then on. Each call must say that there is no memory, or do what it always
 * does; and one that failed must succeed when there is memory again, with the same bits.
 *
 *   life FOLDER
 *
 * Not part of tests/run, as it stands in for malloc: under a sanitizer that cannot be.
 */
#include <errno.h>
#include <fcntl.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <neuroai/extend.h>

/* --- the memory of the process ---------------------------------------------------------------- */

#ifdef __GLIBC__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static long asked;                  /* allocations so far */
static long live;                   /* blocks that are not freed */
static long fail_at = -1, fail_end; /* those from fail_at to before fail_end fail */

static int refused(void)
{
  long k = asked++;
  if (fail_at < 0 || k < fail_at || k >= fail_end) return 0;
  errno = ENOMEM;
  return 1;
}

static void *counted(void *block)
{
  live += block != NULL;
  return block;
}

void *malloc(size_t size)
{
  return refused() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
  return refused() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
  if (refused()) return NULL;
  void *moved = __libc_realloc(block, size);
  live += (!block && moved) - (block && !size);
  return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
  return refused() ? NULL : counted(__libc_memalign(alignment, size));
}

void *memalign(size_t alignment, size_t size)
{
  return aligned_alloc(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
  void *block = aligned_alloc(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

void free(void *block)
{
  live -= block != NULL;
  __libc_free(block);
}

/* --- a life ----------------------------------------------------------------------------------- */

#define UPDATES 3

typedef struct life {
  nai_network *net, *loaded, *other;
  nai_trainer *trainer, *second;
  nai_evaluation *evaluation;
  uint64_t hash;
} life;

static char model[512], checkpoint[512];
static const char *doing; /* for the message */
static long failures;     /* calls that said so */

static void stop(const char *why)
{
  fail_at = -1;
  fprintf(stderr, "life: %s, %s: %s\n", doing, why, nai_last_error());
  exit(EXIT_FAILURE);
}

static int is_good(nai_status status)
{
  if (status != NAI_OK && (status != NAI_ERR_MEMORY || fail_at < 0)) stop(nai_status_name(status));
  failures += status != NAI_OK;
  return status == NAI_OK;
}

static void add(life *l, const void *data, size_t size)
{
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i++) l->hash = (l->hash ^ bytes[i]) * UINT64_C(1099511628211);
}

static void add_file(life *l, const char *path)
{
  static char bytes[1 << 16];
  int file = open(path, O_RDONLY); /* without memory of its own */
  ssize_t size = file < 0 ? -1 : read(file, bytes, sizeof bytes);
  if (size < 0) stop("there is no file");
  close(file);
  add(l, bytes, (size_t)size);
}

/* --- a unit model of the user's own: a leaky integral, which it sends --------------------------- */

static const nai_field decay[] = {
    {sizeof(nai_field), 0, "decay", "1", NULL, 0.5, 0, 1, NULL, NULL, 0, 0}};
static const nai_field integral[] = {
    {sizeof(nai_field), 0, "x", "1", NULL, 0, 0, 0, NULL, NULL, 0, 0}};

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float *x = &b->state[0][k * b->state_stride + i];
      *x = b->parameter[0][i] * *x + b->port[0][k * b->port_stride + i];
      b->signal[0][k * b->signal_stride + i] = *x;
    }
  return NAI_OK;
}

static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->n * b->trials; k++) {
    b->ss[k] = b->zs[k] = b->parameter[0][k % b->n];
    b->sp[k] = b->zp[k] = 1;
  }
  return NAI_OK;
}

static long models; /* that there are */

static void forget(void *user)
{
  (void)user;
  models--;
}

static nai_status make_model(nai_model **out)
{
  const nai_model_ops ops = {.struct_size = sizeof ops,
                             .flags = NAI_MODEL_THREADED | NAI_MODEL_SENDS_STATE,
                             .name = "integral",
                             .n_parameters = 1,
                             .n_states = 1,
                             .n_ports = 1,
                             .n_signals = 1,
                             .parameters = decay,
                             .states = integral,
                             .ports = integral,
                             .signals = integral,
                             .step = step,
                             .slopes = slopes,
                             .destroy = forget};
  models++; /* given up at once where it fails */
  return nai_model_create(out, &ops, NULL);
}

static nai_status add_integrals(nai_network *net)
{
  nai_model *made = NULL;
  nai_network_add_population(net, "M", 2, NAI_FREE);
  nai_status status = make_model(&made);
  if (status == NAI_OK) status = nai_network_use_model(net, "M", made);
  nai_model_destroy(made);
  if (status != NAI_OK) return status;
  nai_network_connect(net, "stimulus", "M");
  return nai_network_connect(net, "M", "choice");
}

static nai_status load(nai_network **out)
{
  nai_model *made = NULL;
  nai_status status = make_model(&made);
  const nai_load_options given = {.struct_size = sizeof given, .models = &made, .n_models = 1};
  if (status == NAI_OK) status = nai_network_load(out, checkpoint, &given);
  nai_model_destroy(made);
  return status;
}

/* --- the parts -------------------------------------------------------------------------------- */

static nai_status release(nai_network *net)
{
  const double U = 0.3, tau_x = 200, tau_u = 600, hz = 10;
  nai_short_term *made;
  nai_status status = nai_short_term_create(&made, 1, &U, &tau_x, &tau_u, &hz);
  if (status == NAI_OK) status = nai_network_set_short_term(net, "E", "E I", made);
  nai_short_term_destroy(made);
  return status;
}

static nai_status compose(nai_network **out)
{
  nai_constraint *sparse = NULL;
  nai_status status = nai_network_create(out, 20);
  if (status != NAI_OK) return status;
  nai_network *net = *out;
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 8, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 3, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_set(net, "E I", "noise", 0.1);
  nai_network_set_each(net, "I", "tau", (double[]){50, 60, 1 / 3.0 + 70}, 3);
  nai_network_place_lattice(net, "E I", 0.1);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  status = add_integrals(net);
  if (status != NAI_OK) return status;
  nai_network_set_radius(net, "E I", 1.2);
  status = nai_constraint_create_sparse(&sparse, 0.7);
  if (status == NAI_OK) status = nai_network_constrain(net, "E I", "E I", sparse);
  nai_constraint_destroy(sparse);
  if (status == NAI_OK) status = release(net);
  if (status == NAI_OK)
    status = nai_constraint_create_max_weight(&sparse, 0.9);
  else
    sparse = NULL;
  if (status == NAI_OK) status = nai_network_constrain(net, "E", "E", sparse);
  nai_constraint_destroy(sparse);
  return status == NAI_OK ? nai_network_build(net, 3) : status;
}

static nai_status make_task(nai_task **out, const nai_network *net)
{
  nai_status status = nai_task_create(out, "perceptual-decision-making", net);
  if (status == NAI_OK) status = nai_task_set(*out, "fixation", 40);
  if (status == NAI_OK) status = nai_task_set(*out, "stimulus", 100);
  return status;
}

static nai_status add_costs(nai_trainer *trainer)
{
  nai_cost *cost = NULL, *rates = NULL;
  nai_status status = nai_cost_create_cross_entropy(&cost, "choice");
  if (status == NAI_OK) status = nai_cost_create_l2_rates(&rates, "E");
  if (status == NAI_OK) status = nai_trainer_add_cost(trainer, cost, 1);
  if (status == NAI_OK) status = nai_trainer_add_cost(trainer, rates, 0.1);
  nai_cost_destroy(cost);
  nai_cost_destroy(rates);
  return status;
}

static nai_status add_stages(nai_trainer *trainer)
{
  nai_curriculum *c = NULL;
  nai_staircase s = NAI_STAIRCASE_INIT;
  s.parameter = "coherence";
  s.start = 100;
  s.hardest = 20;
  s.step = 15;
  nai_status status = nai_curriculum_create(&c);
  if (status == NAI_OK) status = nai_curriculum_add_stage(c, "first", 1, 1);
  if (status == NAI_OK) status = nai_curriculum_add_staircase(c, "first", &s);
  if (status == NAI_OK) status = nai_trainer_set_curriculum(trainer, c);
  nai_curriculum_destroy(c);
  return status;
}

static nai_status train_with(nai_trainer **out, nai_network *net, nai_rule *rule,
                             nai_optimizer *optimizer)
{
  nai_task *task = NULL;
  nai_status status = make_task(&task, net);
  if (status == NAI_OK) status = nai_trainer_create(out, net, rule, optimizer, task);
  nai_task_destroy(task);
  if (status == NAI_OK) status = add_costs(*out);
  if (status == NAI_OK) status = nai_trainer_set(*out, "batch", 4);
  if (status == NAI_OK) status = nai_trainer_set(*out, "evaluate_every", 2);
  if (status == NAI_OK) status = nai_trainer_set(*out, "evaluate_trials", 5);
  return status == NAI_OK ? add_stages(*out) : status;
}

static nai_status make_trainer(nai_trainer **out, nai_network *net)
{
  nai_rule *rule = NULL;
  nai_optimizer *optimizer = NULL;
  nai_status status = nai_rule_create_bptt(&rule);
  if (status == NAI_OK) status = nai_optimizer_create_adam(&optimizer, 1e-2);
  if (status == NAI_OK) status = train_with(out, net, rule, optimizer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  return status;
}

static nai_status spectrum(life *l)
{
  double real[16] = {0}, imaginary[16] = {0};
  nai_spectrum s = NAI_SPECTRUM_INIT;
  nai_status status = nai_network_spectrum(&s, real, imaginary, 16, l->net, "E I");
  if (status != NAI_OK) return status;
  add(l, real, sizeof real);
  add(l, imaginary, sizeof imaginary);
  add(l, &s.radius, sizeof s.radius);
  return NAI_OK;
}

static nai_status evaluate(life *l)
{
  nai_task *task = NULL;
  nai_view choice = NAI_VIEW_INIT;
  nai_status status = make_task(&task, l->net);
  if (status == NAI_OK) status = nai_evaluation_create(&l->evaluation, l->net, task, 12, 5, 1);
  nai_task_destroy(task);
  if (status != NAI_OK) return status;
  nai_evaluation_choice(&choice, l->evaluation);
  add(l, choice.data, 12 * sizeof(int32_t));
  return NAI_OK;
}

static void end(life *l)
{
  nai_evaluation_destroy(l->evaluation);
  nai_trainer_destroy(l->trainer);
  nai_trainer_destroy(l->second);
  nai_network_destroy(l->net);
  nai_network_destroy(l->loaded);
  nai_network_destroy(l->other);
}

/* Does it; when there is no memory, there is some, and it is done again. */
#define AGAIN(call)           \
  do {                        \
    doing = #call;            \
    if (is_good(call)) break; \
    fail_at = -1;             \
  } while (1)

/* What is made from nothing, and given up as a whole when that fails. */
#define AFRESH(call, destroy, object) \
  do {                                \
    doing = #call;                    \
    if (is_good(call)) break;         \
    destroy(object);                  \
    (object) = NULL;                  \
    fail_at = -1;                     \
  } while (1)

static uint64_t live_once(void)
{
  life l = {.hash = UINT64_C(14695981039346656037)};
  AFRESH(compose(&l.net), nai_network_destroy, l.net);
  AFRESH(compose(&l.other), nai_network_destroy, l.other);
  AFRESH(make_trainer(&l.trainer, l.net), nai_trainer_destroy, l.trainer);
  AFRESH(make_trainer(&l.second, l.other), nai_trainer_destroy, l.second);
  doing = "nai_trainer_run";
  if (!is_good(nai_trainer_run(l.trainer, UPDATES, NULL, NULL))) { /* some updates are made */
    end(&l);
    fail_at = -1;
    return live_once();
  }
  AGAIN(nai_trainer_save(l.trainer, checkpoint));
  add_file(&l, checkpoint);
  AGAIN(load(&l.loaded));
  AGAIN(nai_network_save(l.loaded, model));
  add_file(&l, model);
  AGAIN(nai_trainer_restore(l.second, checkpoint));
  AGAIN(nai_trainer_save(l.second, checkpoint));
  add_file(&l, checkpoint);
  AGAIN(evaluate(&l));
  AGAIN(spectrum(&l));
  end(&l);
  return l.hash;
}

/* --- all of it -------------------------------------------------------------------------------- */

static long try_all(uint64_t expected, long allocations, int forever)
{
  failures = 0;
  for (long k = 0; k < allocations; k += k < 400 ? 1 : 3) {
    long before = live;
    asked = 0;
    fail_at = k;
    fail_end = forever ? allocations * 2 : k + 1;
    uint64_t hash = live_once();
    fail_at = -1;
    doing = forever ? "all after one allocation fail" : "one allocation fails";
    if (hash == expected && live == before && models == 0) continue;
    fprintf(stderr, "life: %s, number %ld: %s\n", doing, k,
            hash != expected ? "another result" : "memory is left over");
    return -1;
  }
  return failures;
}

int main(int argc, char **argv)
{
  if (argc != 2) return 2;
  snprintf(model, sizeof model, "%.400s/life-model.safetensors", argv[1]);
  snprintf(checkpoint, sizeof checkpoint, "%.400s/life-checkpoint.safetensors", argv[1]);
  uint64_t expected = live_once(); /* the BLAS makes itself ready */
  asked = 0;
  int same = live_once() == expected;
  long allocations = asked, once = try_all(expected, allocations, 0), on = -1;
  if (once > 0) on = try_all(expected, allocations, 1);
  remove(model);
  remove(checkpoint);
  printf("life: %ld allocations; one fails: %ld calls said so; all after one: %ld\n", allocations,
         once, on);
  return same && once > 0 && on > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#else
int main(void)
{
  puts("life: not looked at: it needs the GNU C library");
  return EXIT_SUCCESS;
}
#endif
