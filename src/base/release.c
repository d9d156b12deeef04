/* release.c - which pagewalk this is.  SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "base/release.h"
#include "version.h"

const char pagewalk_version[] = PAGEWALK_VERSION;
