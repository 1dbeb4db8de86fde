/*
 * Public structs begin with their size, so that programs and libraries of different releases go
 * together: later releases add members at the end, and 0 there means what a program without them
 * meant. `first` is the size in the first release that had the struct, of which nothing may be
 * missing: NAI__FIRST_SIZE names the last member that it had.
 */
#ifndef NAI_BASE_STRUCTS_H
#define NAI_BASE_STRUCTS_H

#include <neuroai/status.h>
#include <stddef.h>

#define NAI__FIRST_SIZE(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

/* NAI_OK when a struct of the caller's has at least its first size. `argument`: its name. */
nai_status nai__struct_check(const void *theirs, size_t first, const char *argument);

/*
 * Copies what the caller filled into `ours`, of `size` bytes: members that it lacks are 0. Members
 * that only a newer library has must be 0; else this one would silently leave out what they ask for.
 */
nai_status nai__struct_take(void *ours, size_t size, const void *theirs, size_t first,
                            const char *argument);

/*
 * NAI_OK when a member that has no meaning yet is 0; else a later library that gives it one would have
 * programs that ask for it unheard by this one.
 */
nai_status nai__struct_reserved(int32_t reserved, const char *argument);

/*
 * Fills the caller's struct, checked before, from `ours`, of `size` bytes: as much as it has room
 * for. Members that only a newer library has get 0; its struct_size stays.
 */
void nai__struct_give(void *theirs, const void *ours, size_t size);

#endif
