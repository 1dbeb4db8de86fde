/* What the decision tasks of Song, Yang & Wang (2016) share: catch trials, targets, the judge. */
#include "song.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"

nai_status nai__song_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  assert(p->n > NAI__SONG_CATCH && p->n > NAI__SONG_CATCH_DURATION);
  nai__range range = nai__epochs_range(p, task->kind->epochs, task->kind->n_epochs, dt);
  nai__epoch whole = {NAI__SONG_CATCH_DURATION, NAI__LISTED | NAI__NEEDED};
  nai__range catch_trial = nai__epochs_range(p, &whole, 1, dt);
  if (nai__list_largest(&p->list[NAI__SONG_CATCH]) > 0)
    NAI__TRY(nai__check_epochs(p, &whole, 1, dt));
  if (nai__list_smallest(&p->list[NAI__SONG_CATCH]) >= 1) {
    range = catch_trial;
  } else if (nai__list_largest(&p->list[NAI__SONG_CATCH]) > 0) {
    range.least = fmin(range.least, catch_trial.least);
    range.most = fmax(range.most, catch_trial.most);
  }
  return nai__check_range(longest, range, dt);
}

int nai__song_catch(nai__trial *trial, int target)
{
  const double *value = trial->value;
  if (nai__trial_uniform(trial, NAI__SONG_DRAW_CATCH) >= value[NAI__SONG_CATCH]) return 0;
  trial->end = 0;
  memset(trial->epoch, 0, sizeof trial->epoch); /* it has none of them */
  nai__span whole =
      nai__trial_append(trial, nai__task_steps(value[NAI__SONG_CATCH_DURATION], trial->batch->dt));
  for (int k = 0; k < 2; k++) nai__set_target(trial, whole, k, value[NAI__SONG_LOW]);
  nai__set_condition(trial, target, -1);
  return 1;
}

void nai__song_answer(nai__trial *trial, nai__span fixation, nai__span decision, int target,
                      int right)
{
  double low = trial->value[NAI__SONG_LOW], high = trial->value[NAI__SONG_HIGH];
  nai__set_mask(trial, nai__trial_whole(trial), 0);
  nai__set_mask(trial, fixation, 1);
  nai__set_mask(trial, decision, 1);
  for (int k = 0; k < 2; k++) {
    nai__set_target(trial, fixation, k, low);
    nai__set_target(trial, decision, k, k == right ? high : low);
  }
  nai__set_condition(trial, target, right);
}

nai_status nai__song_judge(void *user, nai_judgement *judgement)
{
  (void)user;
  assert(judgement->n_conditions >= 1); /* the last one is the target */
  float target = judgement->condition[judgement->n_conditions - 1];
  if (!(target >= 0)) return NAI_OK; /* a catch trial, or nobody says */
  judgement->choice = nai__single_largest(judgement, judgement->steps - 1);
  judgement->correct = (float)judgement->choice == target;
  return NAI_OK;
}
