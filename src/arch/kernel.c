/* kernel.c - names of kernel.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "arch/kernel.h"

const char *const fault_kind_names[FAULT_KIND_COUNT] = {
#define X(e, name, help) name,
    FAULT_KINDS(X)
#undef X
};

const char *const fault_kind_help[FAULT_KIND_COUNT] = {
#define X(e, name, help) help,
    FAULT_KINDS(X)
#undef X
};
