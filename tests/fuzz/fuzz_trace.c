/*
 * fuzz_trace.c - libFuzzer target: any bytes as a trace.
 *
 * Built without checksums (FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION), so that
 * changes reach the decoders.  Reads twice, strictly and in recover mode with
 * a skip, and looks at everything that a batch promises.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/err.h"
#include "tests/fuzz/input.h"
#include "trace/reader.h"

static void
check_batch(const struct trace_batch *b)
{
	uint32_t addrs = 0;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *k;
		uint32_t sum = 0;

		if (b->ids[i] >= b->dict->n_blocks)
			abort();
		k = &b->dict->blocks[b->ids[i]];
		for (unsigned n = 0; n < k->insns; n++)
			sum += b->dict->insn_bytes[k->first_insn + n];
		for (unsigned n = 0; n < k->slots; n++)
			if (b->dict->slots[k->first_slot + n].insn >= k->insns)
				abort();
		if (!k->insns || sum != k->bytes)
			abort();
		addrs += k->slots;
	}
	if (addrs != b->n_addrs || !b->n_ids || b->n_ids > 4096)
		abort();
	if (b->n_addrs && b->addrs[b->n_addrs - 1] == 1)
		__asm__ volatile("" ::: "memory"); /* it can be read */
}

static void
read_all(const char *path, bool recover, uint64_t skip)
{
	struct trace_reader *r = trace_open(path, recover, NULL);
	enum trace_item item;
	struct trace_batch batch;
	struct event ev;

	if (r && skip)
		trace_skip_to(r, skip, NULL);
	while (r && (item = trace_next(r, &batch, &ev, NULL)) > TRACE_END)
		if (item == TRACE_REFS)
			check_batch(&batch);
	trace_close(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file in;

	memory_file_fill(&in, data, size);
	read_all(in.path, false, 0);
	read_all(in.path, true, size > 30 ? data[30] * 16u : 0);
	return 0;
}
