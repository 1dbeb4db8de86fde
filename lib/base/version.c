/* The library's version, and what it was built with. */
#include <neuroai/version.h>

#if defined(__clang__) || defined(__INTEL_LLVM_COMPILER)
#define COMPILER __VERSION__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown compiler"
#endif

/* Name and version of the CBLAS that the library was linked with, from the Makefile. */
#ifndef NAI_BUILD_BLAS
#define NAI_BUILD_BLAS "unknown BLAS"
#endif

const char *nai_version(void)
{
  return NEUROAI_VERSION;
}

int32_t nai_abi_version(void)
{
  return NEUROAI_ABI;
}

const char *nai_build_info(void)
{
  return "libneuroai " NEUROAI_VERSION ", " COMPILER ", " NAI_BUILD_BLAS;
}
