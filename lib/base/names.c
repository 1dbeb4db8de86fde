/*
 * Names of populations, inputs and outputs, and lists of shell patterns over them. Names are ASCII,
 * so that they mean the same in a model file, in a pattern and in every locale.
 */
#include "names.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define NAME_BYTES 64

static int is_separator(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ':' stands between a name and that of a part. */
static int is_allowed(unsigned char c)
{
  return c > ' ' && c < 0x7f && !strchr(":*?[]\\", c);
}

/* A character as a message shows it: one byte of a longer one would make no text. */
static void show(char shown[32], unsigned char c)
{
  if (c >= 0x80)
    snprintf(shown, 32, "a character beyond ASCII");
  else
    snprintf(shown, 32, c < ' ' || c == 0x7f ? "'\\x%02x'" : "'%c'", c);
}

nai_status nai__name_check(const char *name, const char *what)
{
  if (!name) return nai__fail_null(what);
  size_t length = strlen(name);
  if (length == 0) return nai__fail(NAI_ERR_NAME, "%s is empty", what);
  if (length >= NAME_BYTES) {
    return nai__fail(NAI_ERR_NAME, "%s \"%.40s...\" has %zu characters, may have at most %d", what,
                     name, length, NAME_BYTES - 1);
  }
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)name[i];
    if (is_allowed(c)) continue;
    char shown[32];
    show(shown, c);
    return nai__fail(
        NAI_ERR_NAME,
        "%s \"%s\" has %s at place %zu; names may have ASCII letters, digits and signs, "
        "but no spaces and none of : * ? [ ] \\",
        what, name, shown, i + 1);
  }
  return NAI_OK;
}

int nai__names_next(const char **list, char entry[NAI__ENTRY])
{
  const char *start = *list;
  while (is_separator(*start)) start++;
  const char *end = start;
  while (*end && !is_separator(*end)) end++;
  size_t length = (size_t)(end - start);
  *list = end;
  if (length == 0) return 0;
  const char *colon = memchr(start, ':', length);
  size_t name = colon ? (size_t)(colon - start) : length;
  if (name >= NAME_BYTES || length - name > NAME_BYTES) return -1;
  memcpy(entry, start, length);
  entry[length] = '\0';
  return 1;
}

nai_status nai__names_fail_long(const char *argument)
{
  return nai__fail(NAI_ERR_NAME, "%s has an entry of more than %d characters", argument,
                   NAME_BYTES - 1);
}

nai_status nai__names_only(char entry[NAI__ENTRY], const char *list, const char *argument)
{
  if (!list) return nai__fail_null(argument);
  const char *rest = list;
  int found = nai__names_next(&rest, entry);
  if (found < 0) return nai__names_fail_long(argument);
  if (found && !*rest && nai__names_single(entry)) return NAI_OK;
  return nai__fail(NAI_ERR_NAME, "%s is '%.60s', must be one name", argument, list);
}

char *nai__names_part(char entry[NAI__ENTRY])
{
  char *colon = strchr(entry, ':');
  if (!colon) return NULL;
  *colon = '\0';
  return colon + 1;
}

int nai__names_match(const char *list, const char *name)
{
  char entry[NAI__ENTRY];
  int found;
  while ((found = nai__names_next(&list, entry)) != 0) {
    if (found < 0) continue;
    nai__names_part(entry);
    if (fnmatch(entry, name, 0) == 0) return 1;
  }
  return 0;
}

void nai__choices_add(char *choices, size_t size, const char *word)
{
  static const char more[] = ", ...";
  size_t used = strlen(choices), added = strlen(word) + (used ? 2 : 0);
  if (used >= sizeof more - 1 && strcmp(choices + used - (sizeof more - 1), more) == 0) return;
  int fits = used + added + sizeof more <= size;
  if (!fits && used + sizeof more > size) return;
  snprintf(choices + used, size - used, "%s%s", fits ? (used ? ", " : "") : more, fits ? word : "");
}

int nai__names_single(const char *list)
{
  return !strpbrk(list, " \t\n\r*?[\\");
}
