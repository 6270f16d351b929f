/* SPDX-License-Identifier: Apache-2.0 */
#include "price_unit.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>

/* A unit is a point in five dimensions, four bits each; 0 is "any". */
enum {
	FAMILY_TOKENS = 0x1,
	FAMILY_TOOL_CALLS,
	FAMILY_DURATIONS,
	FAMILY_DOCUMENT_PAGES,
	FAMILY_CHARACTERS,
	FAMILY_PIXELS,
	FAMILY_MESSAGES,
	FAMILY_REQUESTS,
	FAMILY_RERANK,
	DIR_INPUT = 0x10,
	DIR_OUTPUT = 0x20,
	DIR_MASK = 0xf0,
	MOD_TEXT = 0x100,
	MOD_AUDIO = 0x200,
	MOD_IMAGE = 0x300,
	MOD_VIDEO = 0x400,
	KIND_CACHE_READ = 0x1000,
	KIND_CACHE_WRITE = 0x2000,
	KIND_TOOL = 0x3000,
	KIND_CITATION = 0x4000,
	KIND_REASONING = 0x5000,
	KIND_WEB_SEARCH = 0x6000,
	KIND_STORAGE_SEARCH = 0x7000,
	KIND_SOCIAL_SEARCH = 0x8000,
	KIND_CODE_EXECUTION = 0x9000,
	KIND_ANNOTATED = 0xa000,
	KIND_MASK = 0xf000,
	TTL_5M = 0x10000,
	TTL_1H = 0x20000,
	TTL_MASK = 0xf0000,
};
#define DIMENSIONS 5

/* clang-format off */
static const struct {
	const char *usage_key;
	const char *price_key;
	uint64_t per;
	uint32_t dims;
} units[] = {
	{ "audio_seconds", "audio_hours", 3600, FAMILY_DURATIONS | MOD_AUDIO },
	{ "cache_audio_read_tokens", "cache_audio_read_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_AUDIO | KIND_CACHE_READ },
	{ "cache_audio_write_1h_tokens", "cache_audio_write_1h_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_AUDIO | KIND_CACHE_WRITE | TTL_1H },
	{ "cache_audio_write_5m_tokens", "cache_audio_write_5m_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_AUDIO | KIND_CACHE_WRITE | TTL_5M },
	{ "cache_audio_write_tokens", "cache_audio_write_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_AUDIO | KIND_CACHE_WRITE },
	{ "cache_image_read_tokens", "cache_image_read_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_IMAGE | KIND_CACHE_READ },
	{ "cache_image_write_1h_tokens", "cache_image_write_1h_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_IMAGE | KIND_CACHE_WRITE | TTL_1H },
	{ "cache_image_write_5m_tokens", "cache_image_write_5m_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_IMAGE | KIND_CACHE_WRITE | TTL_5M },
	{ "cache_image_write_tokens", "cache_image_write_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_IMAGE | KIND_CACHE_WRITE },
	{ "cache_read_tokens", "cache_read_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | KIND_CACHE_READ },
	{ "cache_text_read_tokens", "cache_text_read_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_TEXT | KIND_CACHE_READ },
	{ "cache_text_write_1h_tokens", "cache_text_write_1h_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_TEXT | KIND_CACHE_WRITE | TTL_1H },
	{ "cache_text_write_5m_tokens", "cache_text_write_5m_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_TEXT | KIND_CACHE_WRITE | TTL_5M },
	{ "cache_text_write_tokens", "cache_text_write_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_TEXT | KIND_CACHE_WRITE },
	{ "cache_video_read_tokens", "cache_video_read_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_VIDEO | KIND_CACHE_READ },
	{ "cache_video_write_1h_tokens", "cache_video_write_1h_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_VIDEO | KIND_CACHE_WRITE | TTL_1H },
	{ "cache_video_write_5m_tokens", "cache_video_write_5m_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_VIDEO | KIND_CACHE_WRITE | TTL_5M },
	{ "cache_video_write_tokens", "cache_video_write_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_VIDEO | KIND_CACHE_WRITE },
	{ "cache_write_1h_tokens", "cache_write_1h_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | KIND_CACHE_WRITE | TTL_1H },
	{ "cache_write_5m_tokens", "cache_write_5m_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | KIND_CACHE_WRITE | TTL_5M },
	{ "cache_write_tokens", "cache_write_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | KIND_CACHE_WRITE },
	{ "code_executions", "code_executions_kcount", 1000, FAMILY_TOOL_CALLS | KIND_CODE_EXECUTION },
	{ "input_annotated_document_pages", "input_annotated_document_kpages", 1000, FAMILY_DOCUMENT_PAGES | DIR_INPUT | KIND_ANNOTATED },
	{ "input_audio_seconds", "input_audio_hours", 3600, FAMILY_DURATIONS | DIR_INPUT | MOD_AUDIO },
	{ "input_audio_tokens", "input_audio_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_AUDIO },
	{ "input_audio_tool_tokens", "input_audio_tool_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_AUDIO | KIND_TOOL },
	{ "input_characters", "input_mchars", 1000000, FAMILY_CHARACTERS | DIR_INPUT },
	{ "input_document_pages", "input_document_kpages", 1000, FAMILY_DOCUMENT_PAGES | DIR_INPUT },
	{ "input_image_tokens", "input_image_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_IMAGE },
	{ "input_image_tool_tokens", "input_image_tool_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_IMAGE | KIND_TOOL },
	{ "input_pixels", "input_gpixels", 1000000000, FAMILY_PIXELS | DIR_INPUT },
	{ "input_text_messages", "input_text_messages_kcount", 1000, FAMILY_MESSAGES | DIR_INPUT | MOD_TEXT },
	{ "input_text_tokens", "input_text_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_TEXT },
	{ "input_text_tool_tokens", "input_text_tool_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_TEXT | KIND_TOOL },
	{ "input_tokens", "input_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT },
	{ "input_tool_tokens", "input_tool_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | KIND_TOOL },
	{ "input_video_tokens", "input_video_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_VIDEO },
	{ "input_video_tool_tokens", "input_video_tool_mtok", 1000000, FAMILY_TOKENS | DIR_INPUT | MOD_VIDEO | KIND_TOOL },
	{ "output_audio_citation_tokens", "output_audio_citation_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_AUDIO | KIND_CITATION },
	{ "output_audio_reasoning_tokens", "output_audio_reasoning_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_AUDIO | KIND_REASONING },
	{ "output_audio_seconds", "output_audio_hours", 3600, FAMILY_DURATIONS | DIR_OUTPUT | MOD_AUDIO },
	{ "output_audio_tokens", "output_audio_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_AUDIO },
	{ "output_citation_tokens", "output_citation_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | KIND_CITATION },
	{ "output_image_citation_tokens", "output_image_citation_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_IMAGE | KIND_CITATION },
	{ "output_image_reasoning_tokens", "output_image_reasoning_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_IMAGE | KIND_REASONING },
	{ "output_image_tokens", "output_image_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_IMAGE },
	{ "output_reasoning_tokens", "output_reasoning_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | KIND_REASONING },
	{ "output_text_citation_tokens", "output_text_citation_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_TEXT | KIND_CITATION },
	{ "output_text_reasoning_tokens", "output_text_reasoning_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_TEXT | KIND_REASONING },
	{ "output_text_tokens", "output_text_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_TEXT },
	{ "output_tokens", "output_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT },
	{ "output_video_citation_tokens", "output_video_citation_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_VIDEO | KIND_CITATION },
	{ "output_video_reasoning_tokens", "output_video_reasoning_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_VIDEO | KIND_REASONING },
	{ "output_video_tokens", "output_video_mtok", 1000000, FAMILY_TOKENS | DIR_OUTPUT | MOD_VIDEO },
	{ "requests", "requests_kcount", 1000, FAMILY_REQUESTS },
	{ "rerank_searches", "rerank_searches_kcount", 1000, FAMILY_RERANK },
	{ "social_searches", "social_searches_kcount", 1000, FAMILY_TOOL_CALLS | KIND_SOCIAL_SEARCH },
	{ "storage_searches", "storage_searches_kcount", 1000, FAMILY_TOOL_CALLS | KIND_STORAGE_SEARCH },
	{ "web_searches", "web_searches_kcount", 1000, FAMILY_TOOL_CALLS | KIND_WEB_SEARCH },
};
/* clang-format on */

_Static_assert(ARRAY_LEN(units) <= PRICE_UNITS_MAX, "every unit has a place in the arrays");

int price_unit_by_price_key(struct slice key)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (slice_eq(key, slice_from(units[i].price_key)))
			return (int)i;
	return -1;
}

int price_unit_by_usage_key(struct slice key)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (slice_eq(key, slice_from(units[i].usage_key)))
			return (int)i;
	return -1;
}

const char *price_unit_usage_key(int unit)
{
	return units[unit].usage_key;
}

uint64_t price_unit_per(int unit)
{
	return units[unit].per;
}

enum cost_line price_unit_line(int unit)
{
	uint32_t dims = units[unit].dims;

	if ((dims & KIND_MASK) == KIND_CACHE_READ)
		return COST_CACHE_READ;
	if ((dims & KIND_MASK) == KIND_CACHE_WRITE)
		return COST_CACHE_WRITE;
	if ((dims & DIR_MASK) == DIR_INPUT)
		return COST_INPUT;
	return (dims & DIR_MASK) == DIR_OUTPUT ? COST_OUTPUT : COST_OTHER;
}

static int unit_by_dims(uint32_t dims)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (units[i].dims == dims)
			return (int)i;
	return -1;
}

int price_unit_uncached(int unit)
{
	enum cost_line line = price_unit_line(unit);
	int other;

	if (line != COST_CACHE_READ && line != COST_CACHE_WRITE)
		return unit;
	other = unit_by_dims(units[unit].dims & ~(uint32_t)(KIND_MASK | TTL_MASK));
	return other >= 0 ? other : unit;
}

void price_counts_set(struct price_counts *c, const char *usage_key, int64_t value)
{
	int unit = price_unit_by_usage_key(slice_from(usage_key));

	if (unit < 0 || value < 0)
		return;
	c->present[unit] = true;
	c->value[unit] = (uint64_t)value;
}

/* Does a contain b: is b a itself, or a more special case of it? */
static bool contains(uint32_t a, uint32_t b)
{
	for (unsigned int shift = 0; shift < DIMENSIONS * 4; shift += 4) {
		uint32_t have = a >> shift & 0xf;

		if (have && have != (b >> shift & 0xf))
			return false;
	}
	return true;
}

static unsigned int specificity(uint32_t dims)
{
	unsigned int n = 0;

	for (unsigned int shift = 0; shift < DIMENSIONS * 4; shift += 4)
		n += (dims >> shift & 0xf) != 0;
	return n;
}

/* A whole that was not reported while a part of it was: nobody knows how much it is. */
static bool part_without_whole(const struct price_counts *c, size_t whole)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (i != whole && c->present[i] && c->value[i] &&
		    contains(units[whole].dims, units[i].dims))
			return true;
	return false;
}

static int leaf(const bool *priced, const struct price_counts *c, size_t unit, uint64_t *leaves)
{
	uint64_t inside = 0;

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (i != unit && priced[i] && contains(units[unit].dims, units[i].dims))
			inside += leaves[i];
	if (!c->present[unit] && part_without_whole(c, unit))
		return -ERANGE;
	if (inside > c->value[unit])
		return -ERANGE;
	leaves[unit] = c->value[unit] - inside;
	return 0;
}

int price_unit_leaves(const bool priced[PRICE_UNITS_MAX], const struct price_counts *counts,
		      uint64_t ret_leaves[PRICE_UNITS_MAX])
{
	uint64_t leaves[PRICE_UNITS_MAX] = { 0 };

	/* The most special first: what they take is known when their whole asks. */
	for (unsigned int level = DIMENSIONS; level > 0; level--)
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (priced[i] && specificity(units[i].dims) == level &&
			    leaf(priced, counts, i, leaves))
				return -ERANGE;
	memcpy(ret_leaves, leaves, sizeof(leaves));
	return 0;
}
