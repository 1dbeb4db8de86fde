/* The published tables: a file each, listed here. */
#ifndef NAI_ANATOMY_TABLES_H
#define NAI_ANATOMY_TABLES_H

#include <math.h>
#include <neuroai/anatomy.h>

/* In the order in which they are listed. A table <name> is nai__<name> in tables_....c. */
#define NAI__TABLES(TABLE)    \
  TABLE(billeh2020)           \
  TABLE(potjans_diesmann2014) \
  TABLE(allen_l23)            \
  TABLE(pfeffer2013)          \
  TABLE(jiang2015_classes)    \
  TABLE(barrel_l23)           \
  TABLE(barrel_l4)            \
  TABLE(barrel_l5)            \
  TABLE(litwin_kumar2016)     \
  TABLE(bos2020)              \
  TABLE(liu_wang2024)

#define NAI__DECLARE(name) extern const nai_connectivity nai__##name;
NAI__TABLES(NAI__DECLARE)
#undef NAI__DECLARE

/* In a matrix: a pair of types that nobody measured. */
#define NAI__NOT_MEASURED ((double)NAN)

/* A table of one's own, or one of these, copied and found to be whole. */
nai_status nai__connectivity_take(nai_connectivity *out, const nai_connectivity *table);
/* What messages call it. */
const char *nai__connectivity_called(const nai_connectivity *table);

#endif
