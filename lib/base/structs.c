/* Structs of callers that were compiled with another release's headers. */
#include "structs.h"

#include <assert.h>
#include <string.h>

#include "error.h"

/* Far above any struct: a larger size is memory that was never filled. */
#define MOST 4096

static uint32_t size_of(const void *theirs)
{
  uint32_t size;
  memcpy(&size, theirs, sizeof size);
  return size;
}

nai_status nai__struct_check(const void *theirs, size_t first, const char *argument)
{
  assert(first >= sizeof(uint32_t) && first <= MOST);
  if (!theirs) return nai__fail_null(argument);
  uint32_t size = size_of(theirs);
  if (size >= first && size <= MOST) return NAI_OK;
  return nai__fail(
      NAI_ERR_INVALID,
      "%s: struct_size is %u, must be the size of the struct, %zu to %d: begin with sizeof "
      "or an initialiser such as NAI_VIEW_INIT",
      argument, (unsigned)size, first, MOST);
}

nai_status nai__struct_take(void *ours, size_t size, const void *theirs, size_t first,
                            const char *argument)
{
  NAI__TRY(nai__struct_check(theirs, first, argument));
  size_t given = size_of(theirs);
  assert(first <= size && size <= MOST);
  for (size_t i = size; i < given; i++)
    if (((const unsigned char *)theirs)[i])
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "%s is from a newer library, and uses what this one does not have "
                       "(struct_size is %zu, here %zu)",
                       argument, given, size);
  memset(ours, 0, size);
  memcpy(ours, theirs, given < size ? given : size);
  return NAI_OK;
}

nai_status nai__struct_reserved(int32_t reserved, const char *argument)
{
  if (!reserved) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "%s: reserved is %d, must be 0", argument, (int)reserved);
}

void nai__struct_give(void *theirs, const void *ours, size_t size)
{
  uint32_t room = size_of(theirs);
  assert(room >= sizeof room && room <= MOST); /* checked before */
  memcpy(theirs, ours, room < size ? room : size);
  if (room > size) memset((char *)theirs + size, 0, room - size);
  memcpy(theirs, &room, sizeof room);
}
