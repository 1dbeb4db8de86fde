/* Ranks in one process: see ranks.h. */
#include "ranks.h"

#include <pthread.h>
#include <string.h>

/* What a rank has laid out for another, or for all. */
typedef struct mail {
  int to; /* -1: nothing */
  const void *give;
  int64_t bytes;
} mail;

struct ranks {
  const ranks_plan *plan;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  mail mail[MOST_TEST_RANKS];
  char *all[MOST_TEST_RANKS];
  const int64_t *first[MOST_TEST_RANKS], *bytes[MOST_TEST_RANKS];
  int arrived;
  long turn; /* meetings of all so far */
  int gone;  /* ranks that will make no call any more */
};

typedef struct member {
  ranks *team;
  int rank;
  long calls;
  int destroyed;
  ranks_told told;
} member;

/* With the mutex held, until somebody has changed something. NAI_ERR_USER: a rank is gone. */
static nai_status wait_on(ranks *team)
{
  if (team->gone) {
    nai_set_error("a rank is gone");
    return NAI_ERR_USER;
  }
  pthread_cond_wait(&team->changed, &team->mutex);
  return NAI_OK;
}

/* With the mutex held, until all are here. */
static nai_status meet(ranks *team)
{
  long turn = team->turn;
  if (++team->arrived == team->plan->ranks) {
    team->arrived = 0;
    team->turn++;
    pthread_cond_broadcast(&team->changed);
  }
  while (team->turn == turn) {
    nai_status status = wait_on(team);
    if (status != NAI_OK) return status;
  }
  return NAI_OK;
}

static nai_status begin(member *m)
{
  const ranks_plan *plan = m->team->plan;
  if (++m->calls != plan->failing_call || m->rank != plan->failing) return NAI_OK;
  nai_set_error("the line is dead");
  return NAI_ERR_USER;
}

static nai_status swap_locked(member *m, int partner, void *take, int64_t take_bytes)
{
  mail *theirs = &m->team->mail[partner];
  pthread_cond_broadcast(&m->team->changed);
  while (theirs->to != m->rank) {
    nai_status status = wait_on(m->team);
    if (status != NAI_OK) return status;
  }
  EXPECT(theirs->bytes == take_bytes);
  memcpy(take, theirs->give, (size_t)take_bytes);
  theirs->to = -1;
  pthread_cond_broadcast(&m->team->changed);
  while (m->team->mail[m->rank].to >= 0) {
    nai_status status = wait_on(m->team);
    if (status != NAI_OK) return status;
  }
  return NAI_OK;
}

static nai_status swap(void *user, int64_t partner, const void *give, int64_t give_bytes,
                       void *take, int64_t take_bytes)
{
  member *m = user;
  nai_status status = begin(m);
  if (status != NAI_OK) return status;
  EXPECT(partner >= 0 && partner < m->team->plan->ranks && partner != m->rank);
  m->told.swaps++;
  m->told.given += give_bytes;
  pthread_mutex_lock(&m->team->mutex);
  m->team->mail[m->rank] = (mail){partner, give, give_bytes};
  status = swap_locked(m, partner, take, take_bytes);
  pthread_mutex_unlock(&m->team->mutex);
  return status;
}

static void copy_all(const member *m, char *all, const int64_t *first, const int64_t *bytes)
{
  const ranks *team = m->team;
  for (int k = 0; k < team->plan->ranks; k++) {
    EXPECT(team->first[k][k] == first[k] && team->bytes[k][k] == bytes[k]);
    if (k != m->rank) memcpy(all + first[k], team->all[k] + first[k], (size_t)bytes[k]);
  }
}

static nai_status gather(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  member *m = user;
  ranks *team = m->team;
  nai_status status = begin(m);
  if (status != NAI_OK) return status;
  m->told.gathers++;
  m->told.gathered += bytes[m->rank];
  pthread_mutex_lock(&team->mutex);
  team->all[m->rank] = all;
  team->first[m->rank] = first;
  team->bytes[m->rank] = bytes;
  status = meet(team);
  if (status == NAI_OK) copy_all(m, all, first, bytes);
  if (status == NAI_OK) status = meet(team);
  pthread_mutex_unlock(&team->mutex);
  return status;
}

static void destroy(void *user)
{
  member *m = user;
  m->destroyed++;
}

static void *live(void *argument)
{
  member *m = argument;
  ranks *team = m->team;
  nai_exchange *exchange;
  const nai_exchange_ops ops = {.struct_size = sizeof ops,
                                .rank = m->rank,
                                .ranks = team->plan->ranks,
                                .swap = swap,
                                .gather = gather,
                                .destroy = destroy};
  expect_ok(nai_exchange_create(&exchange, &ops, m));
  team->plan->work(m->rank, exchange, team->plan->argument);
  EXPECT(m->destroyed == 1);
  pthread_mutex_lock(&team->mutex);
  team->gone++;
  pthread_cond_broadcast(&team->changed);
  pthread_mutex_unlock(&team->mutex);
  return NULL;
}

void run_ranks(const ranks_plan *plan, ranks_told *told)
{
  ranks team = {.plan = plan};
  member members[MOST_TEST_RANKS];
  pthread_t thread[MOST_TEST_RANKS];
  EXPECT(plan->ranks <= MOST_TEST_RANKS);
  pthread_mutex_init(&team.mutex, NULL);
  pthread_cond_init(&team.changed, NULL);
  for (int k = 0; k < plan->ranks; k++) {
    team.mail[k].to = -1;
    members[k] = (member){.team = &team, .rank = k};
  }
  for (int k = 0; k < plan->ranks; k++)
    EXPECT(pthread_create(&thread[k], NULL, live, &members[k]) == 0);
  for (int k = 0; k < plan->ranks; k++) {
    pthread_join(thread[k], NULL);
    if (told) told[k] = members[k].told;
  }
  pthread_cond_destroy(&team.changed);
  pthread_mutex_destroy(&team.mutex);
}

/* --- what they cannot do ---------------------------------------------------------------------- */

nai_status ranks_no_swap(void *user, int64_t partner, const void *give, int64_t n_give, void *take,
                         int64_t n_take)
{
  (void)user, (void)partner, (void)give, (void)n_give, (void)take, (void)n_take;
  return NAI_ERR_USER;
}

static void add_rate_units(nai_network *net)
{
  nai_network_add_population(net, "R", 5, NAI_FREE);
}
static void let_learn(nai_network *net)
{
  nai_network_set_plastic(net, "E", "I", 1);
}
static void ask_for_default(nai_network *net)
{
  nai_network_set_initial_weights(net, "E", "I", NAI_WEIGHTS_DEFAULT, 0, 0);
}
static void ask_for_matrix(nai_network *net)
{
  nai_network_set_storage(net, "E", "I", NAI_STORAGE_DENSE);
}
static void ask_for_radius(nai_network *net)
{
  nai_network_set_radius(net, "E I", 1);
}
static void ask_for_balance(nai_network *net)
{
  nai_network_set_balance(net, "E", 1);
}
static void give_short_term(nai_network *net)
{
  nai_short_term *stp;
  {
    static const double U = 0.5, tau_d = 100, tau_f = 500, hz = 1;
    nai_short_term_create(&stp, 1, &U, &tau_d, &tau_f, &hz);
  }
  nai_network_set_short_term(net, "E", "I", stp);
  nai_short_term_destroy(stp);
}
static void move_weights(nai_network *net)
{
  nai_constraint *c;
  nai_constraint_create_max_weight(&c, 3);
  nai_network_constrain(net, "E", "I", c);
  nai_constraint_destroy(c);
}

const ranks_refusal ranks_refused[RANKS_REFUSED] = {{add_rate_units, "'R' of model 'rate'"},
                                                    {let_learn, "which is plastic: freeze it"},
                                                    {ask_for_default, "initial weights"},
                                                    {ask_for_matrix, "stored as a matrix"},
                                                    {ask_for_radius, "spectral radius"},
                                                    {ask_for_balance, "balanced weights onto 'E'"},
                                                    {move_weights, "constraints that move weights"},
                                                    {give_short_term, "short-term plasticity"}};
