/*
 * Memory: the only place of the library that asks for any. Every block is zeroed and 64-byte
 * aligned (a cache line, and the widest vector register), so that results never depend on what a
 * block held before or where it lies.
 *
 * They come from calloc(), so that the system gives pages of a large array only when they are
 * touched. It aligns less than we do: the byte before a block tells how far it lies behind what
 * calloc() gave, 1 to 64 bytes.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"

#define ALIGNMENT 64

/*
 * What is larger goes on large pages where the system has them for who asks: synapses and rates are read at
 * random, and looking up small pages takes longer than reading what is on them.
 */
#define LARGE ((size_t)4 << 20)
#define LARGE_PAGE ((uintptr_t)2 << 20)

static void want_large_pages(unsigned char *room, size_t bytes)
{
#ifdef MADV_HUGEPAGE
  const uintptr_t first = ((uintptr_t)room + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE,
                  end = ((uintptr_t)room + bytes) / LARGE_PAGE * LARGE_PAGE;
  if (bytes >= LARGE && end > first)
    (void)madvise(room + (first - (uintptr_t)room), end - first, MADV_HUGEPAGE);
#else
  (void)room;
  (void)bytes;
#endif
}

void *nai__alloc(int64_t count, size_t size)
{
  size_t bytes;
  if (count < 0 || __builtin_mul_overflow((uint64_t)count, size, &bytes) ||
      bytes > PTRDIFF_MAX - 2 * ALIGNMENT) {
    nai__fail(NAI_ERR_MEMORY, "%lld elements of %zu bytes are more than there can be memory for",
              (long long)count, size);
    return NULL;
  }
  /* whole lines, and one more: what is handed out begins with a line */
  size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  unsigned char *room = calloc(1, rounded + ALIGNMENT);
  if (!room) {
    nai__fail(NAI_ERR_MEMORY, "no memory for %zu bytes", bytes);
    return NULL;
  }
  want_large_pages(room, rounded + ALIGNMENT);
  size_t skipped = ALIGNMENT - (uintptr_t)room % ALIGNMENT;
  room[skipped - 1] = (unsigned char)skipped;
  return room + skipped;
}

void nai__free(void *pointer)
{
  unsigned char *block = pointer;
  if (block) free(block - block[-1]);
}

char *nai__copy_string(const char *text)
{
  size_t bytes = strlen(text) + 1;
  char *copy = nai__alloc((int64_t)bytes, 1);
  if (copy) memcpy(copy, text, bytes);
  return copy;
}

void *nai__grow(void *array, int64_t count, int64_t new_count, size_t size)
{
  void *larger = nai__alloc(new_count, size);
  if (!larger) return NULL;
  int64_t kept = count < new_count ? count : new_count;
  if (array && kept > 0) memcpy(larger, array, (size_t)kept * size);
  nai__free(array);
  return larger;
}

/* Elements that an array has room for at first; a power of two, as all that follow. */
#define FIRST_ROOM 4

int64_t nai__grown_room(int64_t count)
{
  int64_t room = FIRST_ROOM;
  while (room < count) room *= 2;
  return room;
}

void *nai__grow_one(void *array, int64_t count, size_t size)
{
  if (!array) return nai__alloc(FIRST_ROOM, size);
  return count < nai__grown_room(count) ? array : nai__grow(array, count, 2 * count, size);
}

int64_t nai__machine_memory(void)
{
  int64_t pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE), bytes;
  if (pages <= 0 || size <= 0 || __builtin_mul_overflow(pages, size, &bytes)) return INT64_MAX;
  return bytes;
}
