/* Models of the user's own: a copy of the table, checked, with all its strings. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "model.h"

/* The most constants that a network keeps room for, and the most that a size can be. */
#define MOST_CONSTANTS 32
#define MOST_SIZE 1e6

/* --- the table -------------------------------------------------------------------------------- */

/* A list of fields, which may be shorter than ours, and what one of them is called in messages. */
typedef struct list {
  const char *one;
  const nai_field *fields;
  int64_t n;
  int32_t least, most;
} list;

enum { LISTS = NAI_MODEL_SIGNALS + 1 };

static void find_lists(list out[LISTS], const nai_model_ops *o)
{
  const list lists[LISTS] = {
      [NAI_MODEL_SIZES] = {"size", o->sizes, o->n_sizes, 0, NAI_MOST_SIZES},
      [NAI_MODEL_PARAMETERS] = {"parameter", o->parameters, o->n_parameters, 0,
                                NAI_MOST_PARAMETERS},
      [NAI_MODEL_STATES] = {"state", o->states, o->n_states, 0, NAI_MOST_STATES},
      [NAI_MODEL_PORTS] = {"port", o->ports, o->n_ports, 1, NAI_MOST_PORTS},
      [NAI_MODEL_SIGNALS] = {"signal", o->signals, o->n_signals, 1, NAI_MOST_SIGNALS}};
  memcpy(out, lists, sizeof lists);
}

static nai_status check_list(const char *model, const list *l)
{
  if (l->n < l->least || l->n > l->most)
    return nai__fail(NAI_ERR_INVALID, "n_%ss of model '%.60s' is %lld, must be %d to %d", l->one,
                     model, (long long)l->n, (int)l->least, (int)l->most);
  if (l->n && !l->fields)
    return nai__fail(NAI_ERR_INVALID, "%ss of model '%.60s' is NULL", l->one, model);
  for (int32_t k = 0; k < l->n; k++) {
    const nai_field *field = nai__field_at(l->fields, k);
    nai_field ours;
    if (field->struct_size != l->fields->struct_size) /* before any more of it is read */
      return nai__fail(NAI_ERR_INVALID,
                       "struct_size of %s %d of model '%.60s' is %u, of the first it is %u", l->one,
                       (int)k, model, field->struct_size, l->fields->struct_size);
    NAI__TRY(
        nai__struct_take(&ours, sizeof ours, field, NAI__FIRST_SIZE(nai_field, potential), l->one));
  }
  return NAI_OK;
}

static nai_status check_count(const char *model, const char *what, int64_t n, int32_t most)
{
  if (n >= 0 && n <= most) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "%s of model '%.60s' is %lld, must be 0 to %d", what, model,
                   (long long)n, (int)most);
}

static nai_status check_name(const char *name)
{
  NAI__TRY(nai__name_check(name, "name of the model"));
  for (int64_t i = 0; nai_model_builtin_name(i); i++)
    if (strcmp(nai_model_builtin_name(i), name) == 0)
      return nai__fail(NAI_ERR_NAME, "'%s' is a built-in model: call yours otherwise", name);
  return NAI_OK;
}

static nai_status check_ops(const nai_model_ops *ops)
{
  const uint32_t known = NAI_MODEL_THREADED | NAI_MODEL_SPIKES | NAI_MODEL_SENDS_STATE;
  list lists[LISTS];
  NAI__TRY(check_name(ops->name));
  if (!ops->step) return nai__fail(NAI_ERR_INVALID, "step of model '%.60s' is NULL", ops->name);
  if (ops->backward && !ops->slopes)
    return nai__fail(NAI_ERR_INVALID, "model '%.60s' has backward without slopes", ops->name);
  if (ops->flags & ~known)
    return nai__fail(NAI_ERR_INVALID, "flags of model '%.60s' is %u, which has unknown ones",
                     ops->name, (unsigned)ops->flags);
  find_lists(lists, ops);
  for (int k = 0; k < LISTS; k++) NAI__TRY(check_list(ops->name, &lists[k]));
  NAI__TRY(check_count(ops->name, "n_normals", ops->n_normals, NAI_MOST_NORMALS));
  NAI__TRY(check_count(ops->name, "n_constants", ops->n_constants, MOST_CONSTANTS));
  if ((ops->flags & NAI_MODEL_SENDS_STATE) && (!ops->n_states || ops->states->copies))
    return nai__fail(NAI_ERR_INVALID,
                     "model '%.60s' sends its first state, which it has not, or in copies",
                     ops->name);
  return NAI_OK;
}

/* --- fields ----------------------------------------------------------------------------------- */

/* What each population has besides, and what a model file calls the parts of one. */
static int is_taken(const char *name)
{
  static const char *const taken[] = {"bias",        "plastic_bias", "initial",  "plastic_initial",
                                      "initial_min", "initial_max",  "name",     "n",
                                      "sign",        "leak",         "transfer", "model",
                                      "own",         "sizes",        "position", "rule"};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (strcmp(taken[i], name) == 0) return 1;
  return 0;
}

static nai_status check_copies(const nai_model *m, int32_t which, const nai_field *field)
{
  if (!field->copies) return NAI_OK;
  if (which == NAI_MODEL_SIZES || which == NAI_MODEL_SIGNALS)
    return nai__fail(NAI_ERR_INVALID, "'%s' of model '%.60s' has copies, must have none",
                     field->name, m->ops.name);
  if (nai__field_find(m, NAI_MODEL_SIZES, field->copies) >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_NAME,
                   "'%s' of model '%.60s' has as many copies as '%.40s' says, which is no size",
                   field->name, m->ops.name, field->copies);
}

static nai_status check_sign(const nai_model *m, int32_t which, int32_t k)
{
  const nai_field *field = nai__field_at(m->ops.ports, k);
  if (which != NAI_MODEL_PORTS) return NAI_OK;
  if (field->sign < -1 || field->sign > 1)
    return nai__fail(NAI_ERR_INVALID, "sign of port '%s' is %d, must be -1, 0 or 1", field->name,
                     (int)field->sign);
  size_t length = strlen(field->name);
  if (field->sign && (length < 2 || field->name[length - 1] != (field->sign > 0 ? '+' : '-')))
    return nai__fail(NAI_ERR_NAME, "port '%s' has the sign %+d, so its name must end with '%c'",
                     field->name, (int)field->sign, field->sign > 0 ? '+' : '-');
  for (int32_t other = 0; field->sign && other < m->ops.n_ports; other++) {
    const char *name = nai__field_at(m->ops.ports, other)->name;
    if (name && strlen(name) == length - 1 && strncmp(name, field->name, length - 1) == 0)
      return nai__fail(NAI_ERR_NAME,
                       "model '%.60s' has the ports '%s' and '%s', which are one name", m->ops.name,
                       name, field->name);
  }
  return NAI_OK;
}

/* A parameter with a port's name is added to it: to each copy, with the port's sign. */
static nai_status check_added(const nai_model *m, int32_t which, const nai_field *field)
{
  int32_t k = which == NAI_MODEL_PARAMETERS ? nai__field_find(m, NAI_MODEL_PORTS, field->name) : -1;
  if (k < 0) return NAI_OK;
  const nai_field *port = nai__field_at(m->ops.ports, k);
  if ((port->copies && field->copies) ? strcmp(port->copies, field->copies) != 0
                                      : port->copies != field->copies)
    return nai__fail(
        NAI_ERR_INVALID,
        "parameter '%s' of model '%.60s' is added to the port '%s', so it must have as "
        "many copies",
        field->name, m->ops.name, port->name);
  int any = field->low == 0 && field->high == 0;
  if (port->sign && (any || (port->sign > 0 ? field->low < 0 : field->high > 0)))
    return nai__fail(NAI_ERR_INVALID,
                     "parameter '%s' of model '%.60s' is added to a port of the sign %+d, so its "
                     "range must have it, which is %g to %g",
                     field->name, m->ops.name, (int)port->sign, field->low, field->high);
  return NAI_OK;
}

/* Of what can be set: from low to high, unless both are 0. */
static nai_status check_range(const nai_field *field, const char *what)
{
  int any = field->low == 0 && field->high == 0;
  if (!isfinite(field->initial) || isnan(field->low) || isnan(field->high) ||
      field->low > field->high)
    return nai__fail(NAI_ERR_INVALID, "%s '%s' starts at %g and has the range %g to %g", what,
                     field->name, field->initial, field->low, field->high);
  if (!any && (field->initial < field->low || field->initial > field->high))
    return nai__fail(NAI_ERR_INVALID, "%s '%s' starts at %g, which is not between %g and %g", what,
                     field->name, field->initial, field->low, field->high);
  if ((field->whole || field->words) && field->initial != floor(field->initial))
    return nai__fail(NAI_ERR_INVALID, "%s '%s' starts at %g, must be a whole number", what,
                     field->name, field->initial);
  return NAI_OK;
}

static nai_status check_potential(const nai_model *m, int32_t which, const nai_field *field,
                                  const char *what)
{
  int32_t most = which == NAI_MODEL_SIGNALS;
  if (field->potential >= 0 && field->potential <= most) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "potential of %s '%s' of model '%.60s' is %d, must be 0%s",
                   what, field->name, m->ops.name, (int)field->potential, most ? " or 1" : "");
}

static nai_status check_field(const nai_model *m, int32_t which, int32_t k, const char *what)
{
  int32_t n;
  const nai_field *field = nai__field_at(nai__fields_of(m, which, &n), k);
  NAI__TRY(nai__name_check(field->name, what));
  if (nai__field_find(m, which, field->name) != k)
    return nai__fail(NAI_ERR_NAME, "model '%.60s' has two %ss '%s'", m->ops.name, what,
                     field->name);
  if (which <= NAI_MODEL_PARAMETERS && is_taken(field->name))
    return nai__fail(NAI_ERR_NAME,
                     "%s '%s' of model '%.60s': each population has that already, choose another "
                     "name",
                     what, field->name, m->ops.name);
  if (which == NAI_MODEL_PARAMETERS && nai__field_find(m, NAI_MODEL_SIZES, field->name) >= 0)
    return nai__fail(NAI_ERR_NAME, "model '%.60s' has a size and a parameter '%s'", m->ops.name,
                     field->name);
  NAI__TRY(check_copies(m, which, field));
  NAI__TRY(check_sign(m, which, k));
  NAI__TRY(check_potential(m, which, field, what));
  NAI__TRY(check_added(m, which, field));
  return check_range(field, what);
}

static nai_status check_fields(const nai_model *m)
{
  list lists[LISTS];
  find_lists(lists, &m->ops);
  for (int32_t which = 0; which < LISTS; which++)
    for (int32_t k = 0; k < lists[which].n; k++)
      NAI__TRY(check_field(m, which, k, lists[which].one));
  const nai_field *port = m->ops.ports;
  if (port->copies || port->sign)
    return nai__fail(NAI_ERR_INVALID,
                     "port '%s' is the first of model '%.60s', so it may have neither copies nor a "
                     "sign",
                     port->name, m->ops.name);
  return NAI_OK;
}

/* --- copying ---------------------------------------------------------------------------------- */

static void release_text(const char *text)
{
  void *held;
  memcpy(&held, &text, sizeof held);
  nai__free(held);
}

static void release_fields(const nai_field *fields, int32_t n)
{
  nai_field *own;
  memcpy(&own, &fields, sizeof own);
  for (int32_t k = 0; own && k < n; k++) {
    const char *const text[] = {own[k].name, own[k].unit, own[k].meaning, own[k].copies,
                                own[k].words};
    for (int i = 0; i < 5; i++) release_text(text[i]);
  }
  nai__free(own);
}

static int copy_text(const char **text, const char *otherwise)
{
  if (!*text && !otherwise) return 1;
  *text = nai__copy_string(*text ? *text : otherwise);
  return *text != NULL;
}

static int count_words(const char *words)
{
  char entry[NAI__ENTRY];
  int n = 0;
  while (nai__names_next(&words, entry) == 1) n++;
  return n;
}

/* Ranges that follow from what a field is. */
static void complete(nai_field *field, int32_t which)
{
  if (field->words) {
    field->low = 0;
    field->high = count_words(field->words) - 1;
  }
  if (which == NAI_MODEL_SIZES) {
    field->whole = 1;
    if (field->low < 1) field->low = 1;
    if (field->high == 0 || field->high > MOST_SIZE) field->high = MOST_SIZE;
  }
  if (which > NAI_MODEL_PARAMETERS) field->low = field->high = 0;
}

/* All their strings; NULL without memory. */
static const nai_field *copy_fields(const list *l, int32_t which)
{
  nai_field *own = NAI__ARRAY(nai_field, l->n + 1);
  int all = own != NULL;
  for (int32_t k = 0; k < l->n && own; k++) {
    (void)nai__struct_take(&own[k], sizeof *own, nai__field_at(l->fields, k),
                           NAI__FIRST_SIZE(nai_field, potential), "field");
    own[k].struct_size = sizeof *own;
    complete(&own[k], which);
    all &= copy_text(&own[k].name, "") & copy_text(&own[k].unit, "1") &
           copy_text(&own[k].meaning, "") & copy_text(&own[k].copies, NULL) &
           copy_text(&own[k].words, NULL);
  }
  if (all) return own;
  release_fields(own, l->n);
  return NULL;
}

static void release_model(nai_model *m)
{
  list lists[LISTS];
  find_lists(lists, &m->ops);
  for (int k = 0; k < LISTS; k++) release_fields(lists[k].fields, lists[k].n);
  release_text(m->ops.name);
  nai__free(m);
}

static nai_model *copy_ops(const nai_model_ops *ops, void *user)
{
  nai_model *m = NAI__NEW(nai_model);
  list lists[LISTS];
  if (!m) return NULL;
  nai__reference_init(&m->reference);
  m->own = 1;
  m->user = user;
  m->ops = *ops;
  find_lists(lists, ops);
  const nai_field **copy[LISTS] = {&m->ops.sizes, &m->ops.parameters, &m->ops.states, &m->ops.ports,
                                   &m->ops.signals};
  m->ops.name = nai__copy_string(ops->name);
  int all = m->ops.name != NULL;
  for (int32_t k = 0; k < LISTS; k++) all &= (*copy[k] = copy_fields(&lists[k], k)) != NULL;
  if (all) return m;
  release_model(m);
  return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

static nai_status create(nai_model **out, const nai_model_ops *ops, void *user)
{
  NAI__REQUIRE(out);
  NAI__TRY(check_ops(ops));
  nai_model *m = copy_ops(ops, user);
  if (!m) return NAI_ERR_MEMORY;
  nai_status status = check_fields(m);
  if (status != NAI_OK) {
    release_model(m);
    return status;
  }
  *out = m;
  return NAI_OK;
}

nai_status nai_model_create(nai_model **out, const nai_model_ops *ops, void *user)
{
  if (out) *out = NULL;
  nai_model_ops table;
  NAI__TRY(
      nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_model_ops, destroy), "ops"));
  nai_status status = create(out, &table, user);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}

/* A network holds models as what they are to it: constant. */
static nai_model *held(const nai_model *model)
{
  nai_model *own;
  memcpy(&own, &model, sizeof own);
  return own;
}

const nai_model *nai__model_keep(const nai_model *model)
{
  if (model->own) nai__reference_keep(&held(model)->reference);
  return model;
}

void nai__model_drop(const nai_model *model)
{
  nai_model *own = held(model);
  if (!own || !own->own || !nai__reference_drop(&own->reference)) return;
  if (own->ops.destroy) own->ops.destroy(own->user);
  release_model(own);
}

void nai_model_destroy(nai_model *model)
{
  nai__model_drop(model);
}
