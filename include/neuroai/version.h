/**
 * @file version.h
 * @brief The library's version, and what it was built with.
 */
#ifndef NEUROAI_VERSION_H
#define NEUROAI_VERSION_H

#include <stdint.h>

/* One's own is kept: a static library made with -DNAI_API= has no call that a plug-in exports. */
#ifndef NAI_API
#if defined(_WIN32)
#define NAI_API __declspec(dllimport)
#elif defined(__GNUC__)
/** Marks what the shared library exports. */
#define NAI_API __attribute__((visibility("default")))
#else
#define NAI_API
#endif
#endif

/** Version of these headers: major. */
#define NEUROAI_VERSION_MAJOR 0
/** Version of these headers: minor. */
#define NEUROAI_VERSION_MINOR 2
/** Version of these headers: patch. */
#define NEUROAI_VERSION_PATCH 0
/** Version of these headers, as text. */
#define NEUROAI_VERSION "0.2.0"
/** Version of the binary interface, as in the soname; independent of the library's version. */
#define NEUROAI_ABI 1

#ifdef __cplusplus
extern "C" {
#endif

/** The running library's version, such as "0.2.0". */
NAI_API const char *nai_version(void);

/**
 * The running library's binary interface; it differs from NEUROAI_ABI if header and library do not
 * match.
 */
NAI_API int32_t nai_abi_version(void);

/** One line on how the library was built: version, compiler, BLAS. */
NAI_API const char *nai_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
