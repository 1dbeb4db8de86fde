/*
 * Memory: zeroed, 64-byte aligned, sizes checked. All allocation of the library goes through here.
 */
#ifndef NAI_BASE_MEMORY_H
#define NAI_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * count * size zeroed bytes, 64-byte aligned; NULL with the thread's message set when there is no
 * memory. Never NULL for 0.
 */
void *nai__alloc(int64_t count, size_t size);
void nai__free(void *pointer);
char *nai__copy_string(const char *text);

/*
 * A larger copy of an array of `count` elements; the old one is freed. NULL (old one untouched)
 * without memory.
 */
void *nai__grow(void *array, int64_t count, int64_t new_count, size_t size);
/*
 * Room for one more than the `count` elements of an array that grew by this function alone: its room
 * doubles each time, so that n of them take about n copies. The array, or NULL as above.
 */
void *nai__grow_one(void *array, int64_t count, size_t size);
/* The room that such an array of `count` has. */
int64_t nai__grown_room(int64_t count);

/* Bytes of memory that the machine has; INT64_MAX where it does not tell. */
int64_t nai__machine_memory(void);

#define NAI__NEW(type) ((type *)nai__alloc(1, sizeof(type)))
#define NAI__ARRAY(type, count) ((type *)nai__alloc((count), sizeof(type)))

/*
 * Rounds up to a multiple of 16 floats, kept off multiples of 256 floats: rows 4 KiB apart would
 * share cache sets.
 */
static inline int64_t nai__leading(int64_t n)
{
  int64_t ld = (n + 15) / 16 * 16;
  return ld % 256 == 0 ? ld + 16 : ld;
}

#endif
