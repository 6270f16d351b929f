// SPDX-License-Identifier: Apache-2.0
// The figures the pages are made of, each defined once: what is asked, of which spans.
import { colorOf } from "./colors.js";
import { step, useQuery } from "./scope.js";
import { useMemo } from "./ui.js";
import { addFilter } from "./url.js";

export const REQUESTS = "span.op:gen_ai.request", RUNS = "span.op:gen_ai.invoke_agent", TOOLS = "span.op:gen_ai.execute_tool";
export const TOKENS = "gen_ai.usage.total_tokens", INPUT = "gen_ai.usage.input_tokens", OUTPUT = "gen_ai.usage.output_tokens",
	CACHED = "gen_ai.usage.input_tokens.cached", WRITE = "gen_ai.usage.input_tokens.cache_write", REASONING = "gen_ai.usage.output_tokens.reasoning",
	COST = "gentap.cost.total", TTFT = "gen_ai.response.time_to_first_chunk";

/** What a row of calls is summed up as, for any breakdown. */
export const CALL_FIGURES = ["count", "failure_rate", `sum:${COST}`, `sum:${TOKENS}`, `sum:${INPUT}`, `sum:${CACHED}`, `sum:${WRITE}`, `sum:${OUTPUT}`, `sum:${REASONING}`,
	"p50:duration", "p95:duration", "p99:duration", `p50:${TTFT}`, "sum:gentap.cost.saved", "sum:duration", "refused"];

/** @param {any} answer one row a group; undefined while it loads */
export function callRows(answer, groups = 1) {
	if (!answer)
		return null;
	return answer.rows.map((r, n) => {
		const [calls, error_rate, cost, tokens, input, cached, cache_write, output, reasoning, p50, p95, p99, ttft, saved, busy, refused] = r.slice(groups);
		const unknown = answer.unknown?.[n];
		return { key: r[0], keys: r.slice(0, groups), calls, errors: Math.round((error_rate || 0) * calls), error_rate, cost, tokens, input, cached, cache_write, output, reasoning, p50, p95, p99, ttft, saved, refused,
			cache_hit: input ? (cached || 0) / input : null, speed: output && busy ? output / busy : null, per_call: cost != null && calls ? cost / Math.max(1, calls - refused - (unknown?.[2] || 0)) : null,
			cost_unknown: unknown?.[2] || 0, tokens_unknown: unknown?.[3] || 0 };
	});
}
export const useCalls = (by, scope, extra = {}) => {
	const a = useQuery({ select: CALL_FIGURES.join(" "), where: REQUESTS, by, sort: `-sum:${COST}`, limit: 500, ...extra }, scope);
	const list = useMemo(() => callRows(a.data), [a.data]);
	return { ...a, rows: list };
};

/** A series answer as a chart wants it. @param {any} a @param {string} family */
export function seriesOf(a, family, { color, name, stack } = /** @type {any} */ ({})) {
	if (!a)
		return null;
	return {
		x: a.x.map((ms) => ms / 1000),
		series: a.series.map((s, i) => ({
			name: name ? name(s, i) : String(s.name ?? "(not known)"), values: s.values, top: stack ? s.stacked : undefined,
			color: color ? color(s, i) : colorOf(s.name, family), dash: s.dash,
			onOpen: s.name != null && s.name !== "other" && family !== "figure" ? () => addFilter(family, s.name) : undefined,
		})),
	};
}
/** @param {import("./scope.js").Query} q @param {import("./scope.js").Scope} scope */
export const useSeries = (q, scope, points = 60) => useQuery({ interval: step(scope, points), top: 8, ...q }, scope);
