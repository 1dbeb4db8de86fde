/* Areas: what the distance rule makes of them, and the plan of their projections. */
#ifndef NAI_ANATOMY_AREAS_H
#define NAI_ANATOMY_AREAS_H

#include <neuroai/anatomy.h>

enum { NAI__AREAS_MATRICES = NAI_AREAS_SLN + 1 };

/* Room for "area/type:port". */
enum { NAI__END_ROOM = 136 };

typedef struct nai__areas_projection {
  char from[64], to[NAI__END_ROOM]; /* populations, the target with its port */
  double probability, distance;
} nai__areas_projection;

struct nai_areas {
  int64_t n;
  char (*name)[64];
  double *matrix[NAI__AREAS_MATRICES]; /* each [target][source] */
  nai__areas_projection *plan;         /* of the last nai_areas_plan() */
  int64_t n_planned;
};

/* rule.c: weights, links, FLN and SLN from the distances. Nullable: level. */
nai_status nai__areas_apply(nai_areas *areas, const nai_areas_rule *rule, const double *level,
                            uint64_t seed);
/* A rule, copied and found to be right. */
nai_status nai__areas_rule_take(nai_areas_rule *out, const nai_areas_rule *rule);

#endif
