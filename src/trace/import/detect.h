/*
 * detect.h - does a text consist of such lines?
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_DETECT_H
#define TRACE_IMPORT_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of the first 1000 lines that are not blank fit; *lines: of how
 * many.  fits() sees at most 255 characters of a line. */
unsigned detect_lines(const uint8_t *data, size_t n,
		      bool (*fits)(const char *line), unsigned *lines);

/* score if all of them do, but for the last, which may be cut off; else 0. */
unsigned detect_all(const uint8_t *data, size_t n,
		    bool (*fits)(const char *line), unsigned score);

#endif
