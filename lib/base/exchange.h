/*
 * An exchange at work: the host's two functions, and what follows from them. Pieces are cut so that no
 * call passes more than the table promises.
 */
#ifndef NAI_BASE_EXCHANGE_H
#define NAI_BASE_EXCHANGE_H

#include <neuroai/exchange.h>

#define NAI__MOST_RANKS 1048576

/* Without an exchange there is one rank, 0. */
int32_t nai__exchange_rank(const nai_exchange *exchange);
int32_t nai__exchange_ranks(const nai_exchange *exchange);
void nai__exchange_keep(nai_exchange *exchange);
/* 1 when a call of it has failed: it is refused from then on. */
int nai__exchange_broken(const nai_exchange *exchange);

/* Each rank has filled its own row of all [ranks][bytes], of 2^30 bytes at most; gets those of others. */
nai_status nai__exchange_rows(nai_exchange *exchange, void *all, int64_t bytes);

/*
 * Each rank has filled bytes[rank] bytes of `all`, behind those of the ranks before it; gets those of others. bytes
 * [ranks] is the same for all; 2^30 bytes at most together.
 */
nai_status nai__exchange_pieces(nai_exchange *exchange, void *all, const int64_t *bytes);

/* Floats of the scratch that adding up n numbers needs. */
int64_t nai__exchange_scratch(const nai_exchange *exchange, int64_t n);
/*
 * Adds up x [n] over all ranks, 2^k of them, in one binary tree: neighbours first, then pairs of
 * pairs. All of them get the same bits, as each sum is made once and handed on.
 */
nai_status nai__exchange_sum(nai_exchange *exchange, float *x, int64_t n, float *scratch);

#endif
