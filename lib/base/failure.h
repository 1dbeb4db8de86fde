/*
 * The first failure of functions that run in several threads, with its message, which is one of its
 * thread alone. Noted there, and raised by the thread that waited for them.
 */
#ifndef NAI_BASE_FAILURE_H
#define NAI_BASE_FAILURE_H

#include <neuroai/status.h>
#include <stdatomic.h>

typedef struct nai__failure {
  atomic_int code; /* NAI_OK: none */
  char message[256];
} nai__failure;

static inline void nai__failure_clear(nai__failure *failure)
{
  atomic_store(&failure->code, NAI_OK);
}
static inline int nai__failure_is(const nai__failure *failure)
{
  return atomic_load(&failure->code) != NAI_OK;
}
/* Keeps it, with this thread's message, unless there was one before. NAI_OK is none. */
void nai__failure_note(nai__failure *failure, nai_status status);
/* The failure, whose message this thread has then; NAI_OK. Nobody notes one meanwhile. */
nai_status nai__failure_raise(const nai__failure *failure);

#endif
