/**
 * @file exchange.h
 * @brief The exchange: how processes that work on one network together pass numbers to each other.
 *
 * The library brings no protocol of its own, and does not know MPI. A host that runs several
 * processes, called ranks, gives each of them a table of two functions; by MPI these are
 * MPI_Sendrecv and MPI_Allgatherv (examples/mpi_exchange.h). With it a trainer shares out the batch
 * of each update (nai_trainer_set_exchange()), or a simulation the neurons of a network
 * (nai_network_set_exchange()): docs/parallel.md.
 *
 * Every rank makes the same calls in the same order, so the functions are called in the same order
 * on all of them, always on the thread that made the call. Numbers are passed as they lie in
 * memory: all ranks are machines of one kind. A function that waits for a rank that has died should
 * fail after a time of its own choosing: it returns a negative code, with a message by
 * nai_set_error(). The call that led to it then fails with this code, and what it works on stays as
 * it was. From then on the exchange is refused, as nobody knows which messages are still under way:
 * make another one. When a function returns, its arrays are the library's again, also when it
 * fails: no message that comes late may be written there. End the process, as the example does, or
 * let messages come into memory of your own.
 */
#ifndef NEUROAI_EXCHANGE_H
#define NEUROAI_EXCHANGE_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The table of an exchange. Both functions are needed, even by a single rank. */
typedef struct nai_exchange_ops {
  uint32_t struct_size; /**< sizeof(nai_exchange_ops) */
  uint32_t flags;       /**< 0 */
  int64_t rank;         /**< this one, 0 .. ranks - 1 */
  int64_t ranks;        /**< all of them, 1 .. 1048576 */
  /**
   * Gives `give_bytes` to rank `partner`, who calls this function with this rank, and takes
   * `take_bytes` from it: MPI_Sendrecv. The two arrays do not overlap; either may be empty. At most
   * 2^30 bytes each.
   */
  nai_status (*swap)(void *user, int64_t partner, const void *give, int64_t give_bytes, void *take,
                     int64_t take_bytes);
  /**
   * All ranks together: rank k has filled bytes[k] bytes of its own array `all` from first[k] on,
   * and afterwards has those of all others as well: MPI_Allgatherv with MPI_IN_PLACE. `first` and
   * `bytes` [ranks] are the same for all; pieces do not overlap, some may be empty, and all lie
   * within 2^30 bytes.
   */
  nai_status (*gather)(void *user, const int64_t *first, const int64_t *bytes, void *all);
  void (*destroy)(void *user); /**< releases user */
} nai_exchange_ops;

/** An exchange between ranks. */
typedef struct nai_exchange nai_exchange;

/**
 * Creates an exchange. The table is copied; `destroy(user)` is called exactly once: when the last
 * reference is given up, or at once when this call fails, unless the table could not be read.
 * Nullable: user.
 */
NAI_API nai_status nai_exchange_create(nai_exchange **out, const nai_exchange_ops *ops, void *user);

/** Nullable: exchange. */
NAI_API void nai_exchange_destroy(nai_exchange *exchange);

#ifdef __cplusplus
}
#endif
#endif
