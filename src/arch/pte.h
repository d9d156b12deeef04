/*
 * pte.h - x86-64 page-table entries, as the Intel SDM vol. 3A 4.5 lays them
 * out.  The modelled kernel writes real entries; the modelled walkers read
 * them.  Bits 9-11 and 52-58 are ignored by hardware and free for the kernel.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_PTE_H
#define ARCH_PTE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/addr.h"

#define PTE_P    ((uint64_t)1 << 0)  /* present */
#define PTE_W    ((uint64_t)1 << 1)  /* writable */
#define PTE_U    ((uint64_t)1 << 2)  /* user */
#define PTE_A    ((uint64_t)1 << 5)  /* accessed */
#define PTE_D    ((uint64_t)1 << 6)  /* dirty */
#define PTE_PS   ((uint64_t)1 << 7)  /* leaf in a PDE or PDPTE */
#define PTE_G    ((uint64_t)1 << 8)  /* global */
#define PTE_NX   ((uint64_t)1 << 63) /* no execute */
#define PTE_ADDR 0x000ffffffffff000u

static inline pfn
pte_frame(uint64_t pte)
{
	return (pfn){(pte & PTE_ADDR) >> PAGE_SHIFT};
}

static inline uint64_t
pte_make(pfn frame, uint64_t bits)
{
	return (frame.raw << PAGE_SHIFT) | bits;
}

#endif
