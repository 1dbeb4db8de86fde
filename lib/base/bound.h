/* Constants that have to fit into arrays of a fixed size. */
#ifndef NAI_BASE_BOUND_H
#define NAI_BASE_BOUND_H

/* The constant `n`, which does not compile when it is above `most`. */
#define NAI__AT_MOST(n, most) ((int)(n) + 0 * (int)sizeof(char[(n) <= (most) ? 1 : -1]))

#endif
