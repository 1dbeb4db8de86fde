/* Finding by hash: open addressing, at most half full. */
#include "index.h"

#include <assert.h>

#include "error.h"
#include "memory.h"

/* Spreads what differs in a few bits over all of them (the finaliser of MurmurHash3). */
static uint64_t spread(uint64_t h)
{
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53u;
  return h ^ h >> 33;
}

uint64_t nai__hash_text(const char *text)
{
  uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
  for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
  return spread(h);
}

uint64_t nai__hash_pair(uint64_t a, uint64_t b)
{
  return spread(spread(a) + 0x9e3779b97f4a7c15u + b);
}

static void put(nai__index *index, uint64_t hash, int64_t entry)
{
  assert(index->n < index->n_slots && !(index->n_slots & (index->n_slots - 1)));
  uint64_t last = (uint64_t)index->n_slots - 1, at = hash & last;
  while (index->slot[at].entry) at = (at + 1) & last;
  index->slot[at] = (struct nai__slot){hash, entry + 1};
}

static nai_status widen(nai__index *index)
{
  nai__index wider = {.n_slots = index->n_slots ? 2 * index->n_slots : 16, .n = index->n};
  wider.slot = NAI__ARRAY(struct nai__slot, wider.n_slots);
  if (!wider.slot) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < index->n_slots; k++)
    if (index->slot[k].entry) put(&wider, index->slot[k].hash, index->slot[k].entry - 1);
  nai__free(index->slot);
  *index = wider;
  return NAI_OK;
}

nai_status nai__index_add(nai__index *index, uint64_t hash, int64_t entry)
{
  if (2 * (index->n + 1) > index->n_slots) NAI__TRY(widen(index));
  put(index, hash, entry);
  index->n++;
  return NAI_OK;
}

int64_t nai__index_next(const nai__index *index, uint64_t hash, int64_t *probe)
{
  if (!index->n_slots) return -1;
  uint64_t last = (uint64_t)index->n_slots - 1;
  for (;;) {
    struct nai__slot slot = index->slot[(hash + (uint64_t)(*probe)++) & last];
    if (!slot.entry) return -1;
    if (slot.hash == hash) return slot.entry - 1;
  }
}

void nai__index_release(nai__index *index)
{
  nai__free(index->slot);
  *index = (nai__index){0};
}
