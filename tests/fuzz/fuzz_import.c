/*
 * fuzz_import.c - libFuzzer target: any bytes as another tool's trace.
 *
 * Imported twice: as what they look like, and as the format that their last
 * byte chooses.  What comes out must be a whole trace; what is refused must
 * be refused with a message.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/err.h"
#include "tests/fuzz/input.h"
#include "trace/import.h"
#include "trace/reader.h"

static void
read_back(const char *path, uint64_t references)
{
	struct err e = {.kind = ERR_NONE};
	struct trace_reader *r = trace_open(path, false, &e);
	enum trace_item item = TRACE_ERROR;
	struct trace_batch batch;
	struct event ev;
	uint64_t n = 0;

	while (r && (item = trace_next(r, &batch, &ev, &e)) > TRACE_END)
		if (item == TRACE_REFS)
			for (uint32_t i = 0; i < batch.n_ids; i++) {
				const struct code_block *b =
				    &batch.dict->blocks[batch.ids[i]];

				n += b->insns + b->slots;
			}
	if (item != TRACE_END || n != references) {
		fprintf(stderr, "not read back: %s\n", e.text);
		abort();
	}
	trace_close(r);
}

static const struct importer *
chosen(uint8_t by)
{
	unsigned n = 0;

	while (importer_at(n))
		n++;
	return importer_at(by % n);
}

static void
import(const char *in, const char *from, uint8_t how)
{
	static struct memory_file out;
	struct err e = {.kind = ERR_NONE};
	struct import_result r;
	struct import_options o = {
	    .from = from,
	    .samples = true,
	    .convention = {how & 32, how & 64},
	};

	memory_file_fill(&out, "", 0);
	o.output = out.path;
	if (import_run(&o, &in, 1, &r, &e))
		read_back(out.path, r.totals.references);
	else if (e.kind != ERR_INPUT || !e.text[0])
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file in;
	uint8_t how = size ? data[size - 1] : 0;

	memory_file_fill(&in, data, size);
	import(in.path, NULL, how);
	import(in.path, chosen(how)->name, how);
	return 0;
}
