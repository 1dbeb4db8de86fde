/*
 * Failing. Each thread has one message of 255 bytes at most, in a buffer that is never allocated,
 * so that running out of memory can be reported too. A message is one line of text, cut at the end
 * of a character.
 */
#include "error.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 256

static _Thread_local char last_message[MESSAGE_BYTES];
static _Thread_local int message_is_new; /* set since nai__clear_error() */

/* Drops the start of a UTF-8 character at the end of a text that was cut there. */
static size_t without_cut_character(const char *text, size_t length)
{
  size_t start = length;
  while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) start--;
  if (start == 0 || (unsigned char)text[start - 1] < 0xc0) return length;
  unsigned char lead = (unsigned char)text[start - 1];
  size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  return length - start < wanted ? start - 1 : length;
}

/* Keeps a text as the thread's message, as one line. The text may be the message itself. */
static void set_message(const char *text)
{
  size_t length = strlen(text);
  if (length > MESSAGE_BYTES - 1) length = without_cut_character(text, MESSAGE_BYTES - 1);
  memmove(last_message, text, length);
  last_message[length] = '\0';
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)last_message[i];
    if (c < 0x20 || c == 0x7f) last_message[i] = ' ';
  }
  message_is_new = 1;
}

/* With decimal points, whatever the host's locale has. In glibc "C" takes no memory. */
static int print_plainly(char *out, size_t size, const char *format, va_list arguments)
{
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  locale_t before = plain ? uselocale(plain) : (locale_t)0;
  int length = vsnprintf(out, size, format, arguments);
  if (plain) uselocale(before);
  if (plain) freelocale(plain);
  return length;
}

nai_status nai__fail(nai_status code, const char *format, ...)
{
  char text[MESSAGE_BYTES + 1]; /* one more, so that a cut shows */
  va_list arguments;
  va_start(arguments, format);
  int length = print_plainly(text, sizeof text, format, arguments);
  va_end(arguments);
  set_message(length < 0 ? format : text);
  return code;
}

nai_status nai__fail_null(const char *argument)
{
  return nai__fail(NAI_ERR_INVALID, "%s is NULL", argument);
}

nai_status nai__fail_callback(nai_status code, const char *what, const char *name)
{
  /* Callbacks fail with negative codes; any other answer is not one that we may hand on. */
  nai_status status = code < 0 ? code : NAI_ERR_USER;
  if (message_is_new) return status;
  if (code >= 0)
    return nai__fail(status, "%s %s returned %d, must be 0 or negative", what, name, (int)code);
  return nai__fail(status, "%s %s failed with %s (%d)", what, name, nai_status_name(code),
                   (int)code);
}

/* The message itself stays: a callback that succeeds must not clear what nai_last_error() gives. */
void nai__clear_error(void)
{
  message_is_new = 0;
}

const char *nai_last_error(void)
{
  return last_message;
}

void nai_set_error(const char *message)
{
  set_message(message ? message : "");
}

const char *nai_status_name(nai_status status)
{
  switch (status) {
  case NAI_OK: return "NAI_OK";
  case NAI_STOP: return "NAI_STOP";
  case NAI_ERR_INVALID: return "NAI_ERR_INVALID";
  case NAI_ERR_MEMORY: return "NAI_ERR_MEMORY";
  case NAI_ERR_NAME: return "NAI_ERR_NAME";
  case NAI_ERR_ORDER: return "NAI_ERR_ORDER";
  case NAI_ERR_NONFINITE: return "NAI_ERR_NONFINITE";
  case NAI_ERR_FILE: return "NAI_ERR_FILE";
  case NAI_ERR_FORMAT: return "NAI_ERR_FORMAT";
  case NAI_ERR_UNSUPPORTED: return "NAI_ERR_UNSUPPORTED";
  case NAI_ERR_USER: return "NAI_ERR_USER";
  default: return "unknown status";
  }
}
