/* Failing: one call sets the thread's message and gives the code back. */
#ifndef NAI_BASE_ERROR_H
#define NAI_BASE_ERROR_H

#include <neuroai/status.h>

/* Formats the thread's message (255 bytes at most, never allocated) and returns `code`. */
nai_status nai__fail(nai_status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* NAI_ERR_INVALID with "<argument> is NULL". */
nai_status nai__fail_null(const char *argument);

/*
 * After a user's callback failed: keeps its own message if it set one since nai__clear_error(),
 * else makes one.
 */
nai_status nai__fail_callback(nai_status code, const char *what, const char *name);
void nai__clear_error(void);

#define NAI__REQUIRE(pointer)                        \
  do {                                               \
    if (!(pointer)) return nai__fail_null(#pointer); \
  } while (0)

#define NAI__TRY(expression)                     \
  do {                                           \
    nai_status try_status = (expression);        \
    if (try_status != NAI_OK) return try_status; \
  } while (0)

#endif
