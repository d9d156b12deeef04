/*
 * config_host.h - a configuration of the machine that this runs on.
 *
 * TLBs are what CPUID says (leaf 0x18; AMD: 0x80000005, 6 and 19), caches what
 * sysfs says.  What neither does (walk caches, replacement, latencies) is the
 * preset's of the same microarchitecture, or the nearest.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_CONFIG_HOST_H
#define CMD_CONFIG_HOST_H

#include <stdbool.h>
#include <stdio.h>

struct err;

/* False and *e where there is no CPUID. */
bool config_from_host(FILE *f, struct err *e);

#endif
