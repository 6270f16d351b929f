/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "clock.h"
#include "retry.h"
#include "test.h"

TEST(retry_only_what_the_specification_names)
{
	for (int status = 0; status < 600; status++) {
		enum retry_verdict want = RETRY_REFUSED;

		if (!status || status == 429 || status == 502 || status == 503 || status == 504)
			want = RETRY_AGAIN;
		else if (status == 413)
			want = RETRY_SPLIT;
		else if (status >= 200 && status < 300)
			want = RETRY_DONE;
		test_row("%d", status);
		CHECK_INT(retry_verdict(status), want);
	}
}

TEST(retry_after_in_all_its_forms)
{
	/* Sun, 06 Nov 1994 08:49:37 GMT */
	const uint64_t date = 784111777;
	static const struct {
		const char *in;
		int64_t before; /* seconds from now to the date */
		int64_t want;
	} rows[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1000 },
		{ " 120 \r\n", 0, 120000 },
		{ "18446744073709551616", 0, INT64_MAX },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 30, 30000 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 30, 30000 },
		{ "Sun Nov  6 08:49:37 1994", 30, 30000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", -30, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT and more", 30, -1 },
		{ "", 0, -1 },
		{ "-1", 0, -1 },
		{ "1.5", 0, -1 },
		{ "soon", 0, -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMTGMTGMTGMTGMTGMTGMTGMT", 0, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t now = (uint64_t)((int64_t)date - rows[i].before) * NSEC_PER_SEC;

		test_row("%zu: %s", i, rows[i].in);
		CHECK_INT(retry_after_ms(slice_from(rows[i].in), now), rows[i].want);
	}
}

TEST(retry_backs_off_with_jitter)
{
	static const uint64_t whole[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };

	for (unsigned int n = 0; n < ARRAY_LEN(whole); n++) {
		CHECK_INT(retry_backoff_ms(1000, 30000, n, 0), whole[n]);
		CHECK_INT(retry_backoff_ms(1000, 30000, n, UINT32_MAX), whole[n] / 2);
	}
	CHECK_INT(retry_backoff_ms(1000, 30000, UINT32_MAX, 0), 30000);
	CHECK_INT(retry_backoff_ms(0, 0, 5, 0), 1);
	CHECK_INT(retry_backoff_ms(UINT64_MAX, 30000, 63, 0), 30000);
}

TEST(verdict_by_grpc_status)
{
	static const struct {
		int status;
		bool info;
		struct slice message;
		enum retry_verdict want;
	} grpc[] = {
		{ 0, false, SLICE_NONE, RETRY_DONE },
		{ 1, false, SLICE_NONE, RETRY_AGAIN },
		{ 2, false, SLICE_NONE, RETRY_REFUSED },
		{ 3, false, SLICE_NONE, RETRY_REFUSED },
		{ 4, false, SLICE_NONE, RETRY_AGAIN },
		{ 7, false, SLICE_NONE, RETRY_REFUSED },
		{ 8, false, SLICE_NONE, RETRY_REFUSED },
		{ 8, true, SLICE_NONE, RETRY_AGAIN },
		{ 10, false, SLICE_NONE, RETRY_AGAIN },
		{ 11, false, SLICE_NONE, RETRY_AGAIN },
		{ 12, false, SLICE_NONE, RETRY_REFUSED },
		{ 14, false, SLICE_NONE, RETRY_AGAIN },
		{ 15, false, SLICE_NONE, RETRY_AGAIN },
		{ 16, false, SLICE_NONE, RETRY_REFUSED },
		{ 8,
		  false,
		  { "grpc: received message larger than max (9 vs. 4)", 48 },
		  RETRY_SPLIT },
	};

	for (size_t i = 0; i < ARRAY_LEN(grpc); i++) {
		test_row("%d", grpc[i].status);
		CHECK_INT(retry_verdict_grpc(grpc[i].status, grpc[i].info, grpc[i].message),
			  grpc[i].want);
	}
	test_row(NULL);
}

TEST(retry_info_of_a_status)
{
	static const struct {
		const char *details;
		int64_t want;
	} infos[] = {
		/* Status{8, "busy", [RetryInfo{1.5 s}]}, as protobuf's own library writes it */
		{ "CAgSBGJ1c3kaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCA"
		  "yrXuAQ==",
		  1500 },
		{ "CAgSBGJ1c3kaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCA"
		  "yrXuAQ",
		  1500 },
		{ "CAgSBGJ1c3k=", -1 },
		{ "", -1 },
		{ "!!", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(infos); i++) {
		test_row("%s", infos[i].details);
		CHECK_INT(retry_info_ms(slice_from(infos[i].details)), infos[i].want);
	}
	test_row(NULL);
}
