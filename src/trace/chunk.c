/* chunk.c - see chunk.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/bits.h"
#include "trace/bytes.h"
#include "trace/chunk.h"
#include "trace/codec.h"

void
chunk_head_put(uint8_t out[PWT_CHUNK_BYTES], struct chunk_head *h)
{
	const uint32_t words[] = {
	    h->events,       h->n.ids,        h->n.addrs,    h->n.insns,
	    h->n.loads,      h->n.stores,     h->n.modifies, h->n.dict_blocks,
	    h->n.dict_insns, h->n.dict_slots,
	};
	uint8_t *p = out + 40;

	memset(out, 0, PWT_CHUNK_BYTES);
	memcpy(out, PWT_CHUNK_MAGIC, 8);
	store_u32(out + 12, h->codec);
	store_u64(out + 16, h->number);
	store_u64(out + 24, h->first_insn);
	store_u64(out + 32, h->first_ref);
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++, p += 4)
		store_u32(p, words[i]);
	for (unsigned i = 0; i < SEC_COUNT; i++, p += 12) {
		store_u32(p, h->raw[i]);
		store_u32(p + 4, h->packed[i]);
		store_u32(p + 8, h->crc[i]);
	}
	h->head_crc = bytes_crc(out + 12, PWT_CHUNK_BYTES - 12);
	store_u32(out + 8, h->head_crc);
}

static const char *
counts_wrong(const struct chunk_head *h)
{
	const struct refs_sizes *n = &h->n;
	uint64_t data = (uint64_t)n->loads + n->stores + n->modifies;

	if (n->ids > MAX_CHUNK_COUNT || n->addrs > MAX_CHUNK_COUNT ||
	    n->insns > MAX_CHUNK_COUNT)
		return "too many references in a chunk";
	if (n->dict_blocks > MAX_DICT_BLOCKS ||
	    n->dict_insns > MAX_DICT_INSNS || n->dict_slots > MAX_DICT_SLOTS)
		return "too many code blocks in a chunk";
	if (data != n->addrs || n->insns < n->ids)
		return "counts that contradict each other";
	if (h->first_insn > UINT64_MAX / 4 || h->first_ref > UINT64_MAX / 4)
		return "an impossible position";
	return NULL;
}

static const char *
sections_wrong(const struct chunk_head *h)
{
	const uint64_t max[SEC_COUNT] = {
	    MAX_EVENTS_RAW, MAX_DICT_RAW, 2ull * h->n.ids,
	    (h->n.addrs + 3ull) / 4, 8ull * h->n.addrs};

	if (h->codec > CODEC_DEFLATE)
		return "an unknown codec (expected 0 or 1)";
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		if (h->raw[i] > max[i])
			return "a section larger than it can be";
		if (h->raw[i] > (uint64_t)h->packed[i] * MAX_DEFLATE_RATIO)
			return "a section that expands too much";
		if (h->packed[i] > max[i] + max[i] / 16 + 64)
			return "a section larger than it can be";
	}
	return NULL;
}

const char *
chunk_head_get(const uint8_t in[PWT_CHUNK_BYTES], struct chunk_head *h)
{
	uint32_t *const words[] = {
	    &h->events,       &h->n.ids,         &h->n.addrs,
	    &h->n.insns,      &h->n.loads,       &h->n.stores,
	    &h->n.modifies,   &h->n.dict_blocks, &h->n.dict_insns,
	    &h->n.dict_slots,
	};
	const uint8_t *p = in + 40;
	const char *wrong;

	if (memcmp(in, PWT_CHUNK_MAGIC, 8) != 0)
		return "no chunk where one is expected";
	h->head_crc = load_u32(in + 8);
	if (!crc_good(h->head_crc, in + 12, PWT_CHUNK_BYTES - 12))
		return "a chunk header with a wrong checksum";
	h->codec = load_u32(in + 12);
	h->number = load_u64(in + 16);
	h->first_insn = load_u64(in + 24);
	h->first_ref = load_u64(in + 32);
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++, p += 4)
		*words[i] = load_u32(p);
	for (unsigned i = 0; i < SEC_COUNT; i++, p += 12) {
		h->raw[i] = load_u32(p);
		h->packed[i] = load_u32(p + 4);
		h->crc[i] = load_u32(p + 8);
	}
	wrong = counts_wrong(h);
	return wrong ? wrong : sections_wrong(h);
}

uint64_t
chunk_packed(const struct chunk_head *h)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < SEC_COUNT; i++)
		sum += h->packed[i];
	return sum;
}

void
index_head_put(uint8_t out[PWT_INDEX_BYTES], const struct index_head *h)
{
	memset(out, 0, PWT_INDEX_BYTES);
	memcpy(out, PWT_INDEX_MAGIC, 8);
	store_u32(out + 12, h->codec);
	store_u32(out + 16, h->raw);
	store_u32(out + 20, h->packed);
	store_u32(out + 24, h->crc);
	store_u32(out + 8, bytes_crc(out + 12, PWT_INDEX_BYTES - 12));
}

const char *
index_head_get(const uint8_t in[PWT_INDEX_BYTES], struct index_head *h)
{
	if (memcmp(in, PWT_INDEX_MAGIC, 8) != 0)
		return "no index where one is expected";
	if (!crc_good(load_u32(in + 8), in + 12, PWT_INDEX_BYTES - 12))
		return "an index header with a wrong checksum";
	h->codec = load_u32(in + 12);
	h->raw = load_u32(in + 16);
	h->packed = load_u32(in + 20);
	h->crc = load_u32(in + 24);
	if (h->codec > CODEC_DEFLATE || h->raw > MAX_INDEX_RAW ||
	    h->raw > (uint64_t)h->packed * MAX_DEFLATE_RATIO)
		return "an index header out of its limits";
	return NULL;
}

uint64_t
content_id_add(uint64_t id, uint32_t crc)
{
	return hash_u64(id * 0x9e3779b97f4a7c15u + crc + 1);
}
