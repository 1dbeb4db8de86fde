/* Numbers of a trainer that are set by name. */
#ifndef NAI_TRAIN_SETTINGS_H
#define NAI_TRAIN_SETTINGS_H

enum nai__setting {
  NAI__BATCH,
  NAI__THREADS,
  NAI__SEED,
  NAI__CLIP,
  NAI__EVALUATE_EVERY,
  NAI__EVALUATE_TRIALS,
  NAI__STOP_AT,
  NAI__RECOMPUTE,
  NAI__SHARDS,
  NAI__SETTINGS
};

#endif
