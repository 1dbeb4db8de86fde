/*
 * Finding entries of an array by what they are called: a hash table of their indices. What two
 * entries with the same hash are, the owner compares.
 */
#ifndef NAI_BASE_INDEX_H
#define NAI_BASE_INDEX_H

#include <stdint.h>

#include <neuroai/status.h>

/* Starts as {0}; ends with nai__index_release(). */
typedef struct nai__index {
  struct nai__slot {
    uint64_t hash;
    int64_t entry; /* plus 1; 0: free */
  } * slot;
  int64_t n_slots; /* 0 or a power of two */
  int64_t n;
} nai__index;

uint64_t nai__hash_text(const char *text);
uint64_t nai__hash_pair(uint64_t a, uint64_t b);

nai_status nai__index_add(nai__index *index, uint64_t hash, int64_t entry);

/*
 * The next entry with this hash, or -1 after the last. *probe: 0 at first, then as it was left.
 */
int64_t nai__index_next(const nai__index *index, uint64_t hash, int64_t *probe);

void nai__index_release(nai__index *index);

#endif
