/* lib_priv.h - what the files of the library share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LIB_PRIV_H
#define LIB_PRIV_H

#include <stdio.h>

#include "base/err.h"
#include "lib/libpagewalk.h"

/* Hand an error on; returns false. */
static inline bool
lib_fail(struct pagewalk_error *e, const struct err *why)
{
	if (e)
		snprintf(e->text, sizeof(e->text), "%s", why->text);
	return false;
}

#endif
