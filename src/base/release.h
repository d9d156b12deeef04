/* release.h - which pagewalk this is.  SPDX-License-Identifier:
 * GPL-3.0-or-later */
#ifndef BASE_RELEASE_H
#define BASE_RELEASE_H

/* The version with the commit it was built from, from build-aux/version.sh;
 * every result carries it. */
extern const char pagewalk_version[];

#endif
