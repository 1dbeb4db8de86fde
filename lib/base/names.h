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

/* Bytes of an entry of a list: a name, and after a ':' that of a part. */
#define NAI__ENTRY 128

/*
 * Walks a list "E pfc?*:apical": copies the next entry into `entry`, returns 1; 0 at the end; -1
 * when one is too long: more than 63 characters before the ':' or after it.
 */
int nai__names_next(const char **list, char entry[NAI__ENTRY]);

/* Copies the one name, with a part or without, that `argument` must be: no list, and no pattern. */
nai_status nai__names_only(char entry[NAI__ENTRY], const char *list, const char *argument);

/* That an entry of `argument` is too long. */
nai_status nai__names_fail_long(const char *argument);

/* Cuts an entry in two at its ':'. The part after it; NULL for none. */
char *nai__names_part(char entry[NAI__ENTRY]);

/* 1 when `name` matches one entry of the list, whatever part of it the entry names. */
int nai__names_match(const char *list, const char *name);

/*
 * Adds to the choices that a message lists: "tau, noise". `choices` [size] starts empty; where it
 * is full it ends with "..." .
 */
void nai__choices_add(char *choices, size_t size, const char *word);

/* 1 when a list is one name, with a part or without: not several, and no pattern. */
int nai__names_single(const char *list);

#endif
