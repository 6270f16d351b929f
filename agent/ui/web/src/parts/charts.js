// SPDX-License-Identifier: Apache-2.0
// The charts that several pages show: a query, its title, its drawing.
import { useQuery, queryLine, step } from "../scope.js";
import { COST, REQUESTS, TOKENS, TTFT, seriesOf, useSeries } from "../stats.js";
import { html, useMemo } from "../ui.js";
import { Chart } from "./chart.js";
import { Panel, Segmented, Teach, copyText } from "./common.js";
import { EDGES, Heat, bandsOf } from "./heat.js";
import { useMarks } from "./marks.js";
import { DASH, value as shown } from "../format.js";
import { colorOf, TOKEN_KINDS } from "../colors.js";
import { addFilter, params, set } from "../url.js";

export const Asked = ({ q, scope }) => html`<button type="button" class="copy" title=${queryLine(q, scope)} onClick=${() => copyText(queryLine(q, scope), "Query copied: paste it into a terminal")}>query</button>`;

const nothing = html`<div class="third" style=${{ height: "190px", display: "grid", placeItems: "center" }}>Nothing in this time</div>`;

/* An axis of what nobody knows would be of nothing. */
const unknown = (unit) => html`<div class="third" style=${{ height: "190px", display: "grid", placeItems: "center" }}>${unit === "usd" ? "None of these calls has a price" : "None of these calls tells it"}</div>`;

/** Any aggregate by a dimension over time. @param {{title: string, q: any, scope: any, family: string, stack?: boolean, unit: string, right?: any, tall?: boolean}} p */
export function SeriesPanel({ title, q, scope, family, stack, unit, right, tall }) {
	const full = { ...q, interval: step(scope), top: 8, stack };
	const a = useQuery(full, scope), marks = useMarks(scope, unit === "usd");
	const s = useMemo(() => seriesOf(a.data, family, { stack }), [a.data, family, stack]);
	return html`<${Panel} title=${title} stale=${a.stale} error=${a.error} right=${html`${right}<${Asked} q=${full} scope=${scope} />`}>
		${!s ? html`<div style=${{ height: "190px" }}></div>` : s.series.some((x) => x.values.some((v) => v != null)) ? html`<${Chart} name=${title} x=${s.x} series=${s.series} unit=${unit} stack=${stack} tall=${tall} marks=${marks} />` : s.series.length ? unknown(unit) : nothing}</${Panel}>`;
}

/** Cost or tokens, stacked by the breakdown. */
export function SpendPanel({ scope, where = REQUESTS, by = scope.by, title }) {
	const tokens = scope.unit === "tokens";
	return html`<${SeriesPanel} title=${title || `${tokens ? "Tokens" : "Cost"} by ${by}`} scope=${scope} family=${by} stack unit=${tokens ? "tokens" : "usd"}
		q=${{ select: `sum:${tokens ? TOKENS : COST}`, where, by }} />`;
}

const LATENCY = [["p50", "var(--c0)"], ["p95", "var(--c5)"], ["TTFT p50", "var(--c2)"]];
function LatencyLines({ scope, where, title, ttft, right }) {
	const q = { select: `p50:duration p95:duration${ttft ? ` p50:${TTFT}` : ""}`, where, interval: step(scope) };
	const a = useSeries(q, scope), marks = useMarks(scope);
	const s = useMemo(() => seriesOf(a.data, "figure", { name: (_, i) => LATENCY[i][0], color: (_, i) => LATENCY[i][1] }), [a.data]);
	const any = s?.series.some((x) => x.values.some((v) => v != null));
	return html`<${Panel} title=${title} stale=${a.stale} error=${a.error} right=${html`${right}<${Asked} q=${q} scope=${scope} />`}>
		${!s ? html`<div style=${{ height: "190px" }}></div>` : any ? html`<${Chart} name=${title} x=${s.x} series=${s.series} unit="seconds" marks=${marks} />` : nothing}</${Panel}>`;
}

function LatencySpread({ scope, where, title, right }) {
	const q = { select: [...EDGES.map((s) => `below:duration:${s}`), "count"].join(" "), where, interval: step(scope) };
	const a = useQuery(q, scope), rows = useMemo(() => a.data && bandsOf(a.data.series), [a.data]);
	return html`<${Panel} title=${title} stale=${a.stale} error=${a.error} right=${html`${right}<${Asked} q=${q} scope=${scope} />`}>
		${rows ? html`<${Heat} x=${a.data.x} rows=${rows} interval=${a.data.interval} />` : html`<div style=${{ height: "190px" }}></div>`}</${Panel}>`;
}

/** Percentiles as lines, or how all durations are spread; which one stands in the URL. */
export function LatencyPanel({ scope, where = REQUESTS, title = "Latency of calls", ttft = true }) {
	const spread = params().get("latency") === "spread";
	const right = html`<${Segmented} name=${`${title}, drawn as`} options=${[["lines", "p50, p95"], ["spread", "spread"]]} value=${spread ? "spread" : "lines"} onChange=${(v) => set({ latency: v === "spread" ? v : null }, { replace: true })} />`;
	return spread ? html`<${LatencySpread} scope=${scope} where=${where} title=${title} right=${right} />` : html`<${LatencyLines} scope=${scope} where=${where} title=${title} ttft=${ttft} right=${right} />`;
}

export function TokenKindsPanel({ scope, where = REQUESTS, title = "Tokens by kind" }) {
	const q = { select: "sum:gen_ai.usage.input_tokens.cached sum:gen_ai.usage.input_tokens.cache_write sum:gen_ai.usage.input_tokens sum:gen_ai.usage.output_tokens sum:gen_ai.usage.output_tokens.reasoning", where, interval: step(scope) };
	const a = useSeries(q, scope);
	const s = useMemo(() => {
		const raw = seriesOf(a.data, "figure");
		if (!raw || raw.series.length < 5)
			return null;
		const [cached, write, input, output, reasoning] = raw.series.map((x) => x.values);
		const less = (v, ...parts) => v.map((x, i) => x == null ? null : Math.max(0, x - parts.reduce((sum, p) => sum + (p[i] || 0), 0)));
		const values = [cached, write, less(input, cached, write), less(output, reasoning), reasoning];
		return { x: raw.x, series: TOKEN_KINDS.map((k, i) => ({ name: k.label, color: k.color, values: values[i] })) };
	}, [a.data]);
	return html`<${Panel} title=${title} stale=${a.stale} error=${a.error} right=${html`<${Asked} q=${q} scope=${scope} />`}>
		${s ? html`<${Chart} name=${title} x=${s.x} series=${s.series} unit="tokens" stack />` : html`<div style=${{ height: "190px" }}></div>`}</${Panel}>`;
}

/** One bar a group. */
export function Bars({ data, unit, family, onPick = (v) => addFilter(family, v) }) {
	const max = Math.max(0, ...data.map((r) => r[1] || 0));
	return html`<div class="bars">${data.map(([key, v]) => html`<button type="button" class="clip" title=${key ?? "not known"} onClick=${() => key != null && onPick(key)}>${key ?? "(not known)"}</button>
		<span class="b" style=${{ width: `${max ? (v || 0) / max * 100 : 0}%`, background: colorOf(key, family) }}></span><span class="v">${v == null ? DASH : shown(v, unit)}</span>`)}</div>`;
}

export { Teach, set, unitOf };
const unitOf = (a) => a?.columns?.at(-1)?.unit || "count";
