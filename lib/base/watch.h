/* Asking the host, while work goes on that may take long, whether it should. */
#ifndef NAI_BASE_WATCH_H
#define NAI_BASE_WATCH_H

#include <neuroai/status.h>

typedef struct nai__watch {
  nai_work_callback call; /* or NULL */
  void *user;
  int64_t every; /* multiplications between two questions while threads work; 0: as many as pay */
} nai__watch;

/* What the host answers: NAI_OK, above 0 to end, or a failure with a message. */
nai_status nai__ask(const nai__watch *watch, int64_t done, int64_t total);

#endif
