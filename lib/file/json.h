/*
 * JSON (RFC 8259). Reading: a text becomes values in one block of memory that was sized before; no
 * function calls itself, so nesting costs no stack. Writing: a text that grows.
 */
#ifndef NAI_FILE_JSON_H
#define NAI_FILE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <neuroai/status.h>

/* Lists and objects within each other; safetensors need three, our description six. */
#define NAI__JSON_DEPTH 64

/* Values of a text: each takes 40 bytes. */
#define NAI__JSON_VALUES ((int64_t)1 << 23)

enum nai__json_kind {
  NAI__JSON_NULL,
  NAI__JSON_FALSE,
  NAI__JSON_TRUE,
  NAI__JSON_WHOLE, /* a number that int64_t holds, written without point and exponent */
  NAI__JSON_REAL,  /* any other */
  NAI__JSON_TEXT,
  NAI__JSON_LIST,
  NAI__JSON_OBJECT
};

typedef struct nai__json nai__json;
struct nai__json {
  int32_t kind;
  int32_t n;             /* entries of a list or an object */
  const char *key;       /* within an object; else NULL */
  const nai__json *next; /* in the same list or object; NULL for the last */
  union {
    int64_t whole;
    const char *real;               /* as it is written: nai__decimal_read() */
    const char *text;               /* UTF-8, with a 0 at its end and none within */
    const nai__json *const *by_key; /* [n] entries of an object in the order of their keys */
  } is;
};

/* --- reading (json_read.c) -------------------------------------------------------------------- */

/* What came of a text; starts as {NULL, NULL}. */
typedef struct nai__json_document {
  const nai__json *root;
  void *memory;
} nai__json_document;

/*
 * NAI_ERR_FORMAT with the place of what is wrong: whatever is not JSON, a key that comes twice, text
 * that is not UTF-8 or has a 0 within, and more values or depth than there may be. `what`: "the
 * header".
 */
nai_status nai__json_parse(nai__json_document *out, const char *text, size_t length,
                           const char *what);
void nai__json_release(nai__json_document *document);

/* 1 when a text is UTF-8. */
int nai__json_is_text(const char *text);

/* --- looking (json.c) ------------------------------------------------------------------------- */

/* The entry of an object; NULL when there is none, or when it is no object. Nullable: object. */
const nai__json *nai__json_get(const nai__json *object, const char *key);
/* The first entry of a list or an object in the order of the text; NULL when there is none. */
const nai__json *nai__json_first(const nai__json *value);
/* NULL when it is no text. Nullable: value. */
const char *nai__json_string(const nai__json *value);
/* 1 when it is a number that a double holds. Nullable: value. */
int nai__json_number(double *out, const nai__json *value);

/* A value by its key, of the right type; NAI_ERR_FORMAT with what is missing or wrong. */
nai_status nai__json_text(const char **out, const nai__json *object, const char *key);
nai_status nai__json_real(double *out, const nai__json *object, const char *key);
nai_status nai__json_whole(int64_t *out, const nai__json *object, const char *key, int64_t low,
                           int64_t high);
nai_status nai__json_flag(int32_t *out, const nai__json *object, const char *key);
nai_status nai__json_list(const nai__json **out, const nai__json *object, const char *key);

/* --- writing (json_write.c) ------------------------------------------------------------------- */

/* Starts as {NULL, 0, 0, NAI_OK}; after a failure nothing more is written. */
typedef struct nai__json_writer {
  char *text; /* not ended by a 0 before nai__json_finish() */
  int64_t size, room;
  nai_status status;
} nai__json_writer;

/* key: NULL within a list. bracket: { or [, and } or ]. */
void nai__json_open(nai__json_writer *w, const char *key, char bracket);
void nai__json_close(nai__json_writer *w, char bracket);
void nai__json_add_text(nai__json_writer *w, const char *key, const char *text);
void nai__json_add_whole(nai__json_writer *w, const char *key, int64_t value);
void nai__json_add_real(nai__json_writer *w, const char *key, double value);
void nai__json_add_flag(nai__json_writer *w, const char *key, int value);
/* Ends the text with a 0 that is not counted, and 8 bytes more of room; the first failure. */
nai_status nai__json_finish(nai__json_writer *w);
void nai__json_writer_release(nai__json_writer *w);

#endif
