/*
 * addr.h - kinds of addresses.
 *
 * Each kind is a struct of one member, so that mixing a virtual address with
 * a physical one, or a page number with an address, does not compile; the
 * code generated is that of a plain integer.
 * Units: vaddr and paddr in bytes; vpn and pfn in 4 KiB pages.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_ADDR_H
#define ARCH_ADDR_H

#include <stdint.h>

#define PAGE_SHIFT    12
#define PAGE_SIZE     ((uint64_t)1 << PAGE_SHIFT)
#define PAGE_SHIFT_2M 21
#define PAGE_SHIFT_1G 30

typedef struct {
	uint64_t raw;
} vaddr;

typedef struct {
	uint64_t raw;
} paddr;

typedef struct {
	uint64_t raw;
} vpn;

typedef struct {
	uint64_t raw;
} pfn;

static inline vaddr
va(uint64_t raw)
{
	return (vaddr){raw};
}

static inline vpn
va_page(vaddr a)
{
	return (vpn){a.raw >> PAGE_SHIFT};
}

static inline vaddr
vpn_addr(vpn n)
{
	return (vaddr){n.raw << PAGE_SHIFT};
}

static inline pfn
pa_frame(paddr a)
{
	return (pfn){a.raw >> PAGE_SHIFT};
}

static inline paddr
pfn_addr(pfn n)
{
	return (paddr){n.raw << PAGE_SHIFT};
}

#endif
