/* Names, and lists of shell patterns over them. */
#ifndef NAI_BASE_NAMES_H
#define NAI_BASE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <neuroai/status.h>

/*
 * 1 to 63 printable characters without spaces and without :*?[]\ ; `what` names the argument in the
 * message.
 */
nai_status nai__name_check(const char *name, const char *what);

/*
 * Walks a list "E pfc?*": copies the next entry into `entry` (64 bytes), returns 1; 0 at the end;
 * -1 when one is too long.
 */
int nai__names_next(const char **list, char entry[64]);

/* 1 when `name` matches one entry of the list. */
int nai__names_match(const char *list, const char *name);

/*
 * Adds to the choices that a message lists: "tau, noise". `choices` [size] starts empty; where it
 * is full it ends with "..." .
 */
void nai__choices_add(char *choices, size_t size, const char *word);

/* 1 when a list is one name: not several, and no pattern. */
int nai__names_single(const char *list);

#endif
