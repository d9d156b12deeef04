/*
 * pagewalk.h - mark regions of a program for a trace.
 *
 *	PAGEWALK_ROI_BEGIN();	from here on is of interest
 *	PAGEWALK_ROI_END();	until here
 *	PAGEWALK_MARK("name");	a named place
 *
 * Each leaves a marker in the trace that `pagewalk capture` makes ("roi:begin",
 * "roi:end", or the name, of which 255 bytes count).  Outside of Valgrind a
 * marker is six instructions without effect; on processors other than x86-64
 * it is nothing.  C and C++, GCC and Clang; needs no other header and no
 * library.
 *
 * How: Valgrind takes the instructions below, which otherwise leave all
 * registers as they were (the rotations of %rdi add up to 128 bits), as a
 * request to the tool it runs: %rax points to the request's number and five
 * arguments, %rdx has the answer.  The sequence is part of Valgrind's stable
 * interface (its manual, section "The Client Request mechanism").
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef PAGEWALK_H
#define PAGEWALK_H

/* Numbers of our tool: 'P' and 'W' in the upper bytes. */
#define PAGEWALK_REQ_ROI_BEGIN 0x50570001
#define PAGEWALK_REQ_ROI_END   0x50570002
#define PAGEWALK_REQ_MARK      0x50570003

#define PAGEWALK_ROI_BEGIN() pagewalk_request(PAGEWALK_REQ_ROI_BEGIN, 0)
#define PAGEWALK_ROI_END()   pagewalk_request(PAGEWALK_REQ_ROI_END, 0)
#define PAGEWALK_MARK(name)  pagewalk_request(PAGEWALK_REQ_MARK, (name))

static inline void
pagewalk_request(unsigned long number, const char *text)
{
#if defined(__x86_64__)
	volatile unsigned long args[6];
	unsigned long answer = 0;

	args[0] = number;
	args[1] = (unsigned long)text;
	args[2] = args[3] = args[4] = args[5] = 0;
	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(answer)
			 : "a"(&args[0])
			 : "cc", "memory");
	(void)answer;
#else
	(void)number;
	(void)text;
#endif
}

#endif
