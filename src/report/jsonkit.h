/*
 * jsonkit.h - what all writers of JSON share.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_JSONKIT_H
#define REPORT_JSONKIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct err;

json_t *json_number(uint64_t v);

/* A string that may not be UTF-8: then its odd bytes become \xNN. */
json_t *json_text(const char *s);

/* Members of an object; value is taken over. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_number(json_t *object, const char *key, uint64_t v);
/* Addresses go as text, "0x7f00": JSON's integers end at 2^63. */
void json_put_address(json_t *object, const char *key, uint64_t v);

/* "schema" and "program", which every file of ours begins with. */
void json_put_schema(json_t *root, const char *name, int version);

/* Write root to a file that appears whole or not at all ("-": standard
 * output), and release it. */
bool json_write(json_t *root, const char *path, struct err *e);

#endif
