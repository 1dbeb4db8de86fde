/**
 * @file status.h
 * @brief Error codes and messages.
 *
 * Every call that can fail returns a nai_status: 0, or a negative number to branch on. The sentence
 * to print is nai_last_error(): one line that names the argument, its value and the bound.
 */
#ifndef NEUROAI_STATUS_H
#define NEUROAI_STATUS_H

#include <neuroai/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a call returns: NAI_OK, or one of the negative codes below. */
typedef int32_t nai_status;

/** The codes. Their values do not change. */
enum {
  NAI_OK = 0,               /**< done */
  NAI_STOP = 1,             /**< from a progress callback: end the run, without an error */
  NAI_ERR_INVALID = -1,     /**< an argument is wrong: NULL, out of its range, of the wrong shape */
  NAI_ERR_MEMORY = -2,      /**< not enough memory */
  NAI_ERR_NAME = -3,        /**< no such name, or a name that is taken or not allowed */
  NAI_ERR_ORDER = -4,       /**< not at this point: the network is already built, or not yet */
  NAI_ERR_NONFINITE = -5,   /**< NaN or infinity */
  NAI_ERR_FILE = -6,        /**< the file system refused */
  NAI_ERR_FORMAT = -7,      /**< the file is not what it should be */
  NAI_ERR_UNSUPPORTED = -8, /**< a combination that the library does not have */
  NAI_ERR_USER = -9         /**< a callback's own failure; the library never makes this code */
};

/** A code's name, such as "NAI_ERR_NAME"; "unknown status" for any other number. */
NAI_API const char *nai_status_name(nai_status status);

/**
 * The last failure on this thread, one line; "" when there was none.
 * Valid until the next failing call on this thread; success does not clear it.
 */
NAI_API const char *nai_last_error(void);

/**
 * From inside a callback: sets the message that nai_last_error() gives, when the callback then
 * fails. Nullable: none.
 */
NAI_API void nai_set_error(const char *message);

/**
 * Called by work that may take long, on the thread that asked for it, between its parts: `done` of
 * `total` are done. NAI_OK goes on; NAI_STOP ends the work; a negative status ends it with that
 * status, and without a result. It may look at what is worked with, but not change or destroy it.
 */
typedef nai_status (*nai_work_callback)(int64_t done, int64_t total, void *user);

#ifdef __cplusplus
}
#endif
#endif
