/**
 * @file status.h
 * @brief Error codes and messages.
 *
 * Every call that can fail returns a nai_status: 0, or a negative number. nai_last_error() gives
 * the message, one line that names the argument, its value and the bound.
 */
#ifndef NEUROAI_STATUS_H
#define NEUROAI_STATUS_H

#include <neuroai/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The status that a call returns: NAI_OK, or one of the negative codes below. */
typedef int32_t nai_status;

/** The codes. Their values do not change. */
enum {
  NAI_OK = 0,               /**< done */
  NAI_STOP = 1,             /**< from a progress callback: end the run, without an error */
  NAI_ERR_INVALID = -1,     /**< an argument is wrong: NULL, out of its range, of the wrong shape */
  NAI_ERR_MEMORY = -2,      /**< not enough memory */
  NAI_ERR_NAME = -3,        /**< no such name, or a name that is taken or not allowed */
  NAI_ERR_ORDER = -4,       /**< wrong order of calls, such as before or after the build */
  NAI_ERR_NONFINITE = -5,   /**< NaN or infinity */
  NAI_ERR_FILE = -6,        /**< the file system refused */
  NAI_ERR_FORMAT = -7,      /**< the file is damaged, or not of this format */
  NAI_ERR_UNSUPPORTED = -8, /**< a combination that the library does not support */
  NAI_ERR_USER = -9         /**< for callbacks: a failure of their own */
};

/** A code's name, such as "NAI_ERR_NAME"; "unknown status" for any other number. */
NAI_API const char *nai_status_name(nai_status status);

/**
 * Message of the last failure on this thread, one line; "" if there was none. Valid until the next
 * failing call on this thread; success does not clear it.
 */
NAI_API const char *nai_last_error(void);

/**
 * Sets the message of nai_last_error(), for a callback that is about to fail. Nullable: none.
 */
NAI_API void nai_set_error(const char *message);

/**
 * Called repeatedly during long computations, on the calling thread, with the progress: `done` of
 * `total`, or 0 of 0 where it is unknown. NAI_OK continues; NAI_STOP ends the computation; a
 * negative status ends it with this status and without a result. The callback may read the objects
 * in use, but not change or destroy them.
 */
typedef nai_status (*nai_work_callback)(int64_t done, int64_t total, void *user);

#ifdef __cplusplus
}
#endif
#endif
