/*
 * Reading JSON: a value by its key, of the right type. NAI_ERR_FORMAT with a message that says what
 * is missing or wrong.
 */
#ifndef NAI_FILE_JSON_H
#define NAI_FILE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include <neuroai/status.h>

nai_status nai__json_text(const char **out, const json_t *object, const char *key);
nai_status nai__json_real(double *out, const json_t *object, const char *key);
nai_status nai__json_whole(int64_t *out, const json_t *object, const char *key, int64_t low,
                           int64_t high);
nai_status nai__json_flag(int32_t *out, const json_t *object, const char *key);
nai_status nai__json_list(json_t **out, const json_t *object, const char *key);

#endif
