// SPDX-License-Identifier: Apache-2.0
// The one pattern of Models and People: a table of figures by a dimension; a row opens in
// place to that one's charts, its latest and its worst runs.
import { count, duration, percent, rate, value as shown } from "../format.js";
import { Cost, Panel, Teach, TokenBar } from "../parts/common.js";
import { Asked, LatencyPanel, SeriesPanel, SpendPanel, TokenKindsPanel } from "../parts/charts.js";
import { InBar, Table } from "../parts/table.js";
import { colorOf } from "../colors.js";
import { CALL_FIGURES, COST, REQUESTS, useCalls } from "../stats.js";
import { html, useMemo } from "../ui.js";
import { addFilter, chipWhere, href, where } from "../url.js";
import { RunsTable, useRuns } from "./runs.js";

const share = (r, max, key, text, error) => html`<${InBar} share=${max ? (r[key] || 0) / max : 0} text=${text} error=${error} />`;

/** @param {string} by @param {string} label @returns {import("../parts/table.js").Column[]} */
export const callColumns = (by, label) => [
	{ key: "key", label, draw: (r) => html`<span class="name"><i class="sw" style=${{ background: colorOf(r.key, by) }}></i><span class="t">${r.key ?? html`<span class="third">not known</span>`}</span></span>` },
	{ key: "cost", label: "Cost", num: true, bar: true, draw: (r, max) => share(r, max, "cost", html`<${Cost} value=${r.cost} unknown=${r.cost_unknown} calls=${r.calls} refused=${r.refused} />`) },
	{ key: "calls", label: "Calls", num: true, text: (r) => count(r.calls), draw: (r) => count(r.calls) },
	{ key: "tokens", label: "Tokens", num: true, bar: true, text: (r) => count(r.tokens), draw: (r, max) => html`<${InBar} text=${count(r.tokens)} inside=${html`<${TokenBar} t=${r} max=${max} width=${70} />`} />` },
	{ key: "cache_hit", label: "Cache hit", num: true, text: (r) => percent(r.cache_hit), draw: (r) => percent(r.cache_hit) },
	{ key: "error_rate", label: "Errors", num: true, text: (r) => percent(r.error_rate), draw: (r) => html`<span class=${r.error_rate > 0.05 ? "error" : ""} title=${`${r.errors} of ${r.calls} calls`}>${percent(r.error_rate)}</span>` },
	{ key: "p95", label: "p95", num: true, text: (r) => duration(r.p95), draw: (r) => duration(r.p95) },
	{ key: "ttft", label: "TTFT", num: true, title: "median time to the first chunk", text: (r) => duration(r.ttft), draw: (r) => duration(r.ttft) },
	{ key: "speed", label: "Speed", num: true, title: "output tokens per second of call", text: (r) => rate(r.speed), draw: (r) => rate(r.speed) },
	{ key: "p50", label: "p50", num: true, off: true, draw: (r) => duration(r.p50) }, { key: "p99", label: "p99", num: true, off: true, draw: (r) => duration(r.p99) },
	{ key: "per_call", label: "$ / call", num: true, off: true, draw: (r) => html`<${Cost} value=${r.per_call} />` }, { key: "saved", label: "Saved by cache", num: true, off: true, draw: (r) => html`<${Cost} value=${r.saved} />` },
	{ key: "input", label: "Input", num: true, off: true, draw: (r) => count(r.input) }, { key: "cached", label: "Cached", num: true, off: true, draw: (r) => count(r.cached) }, { key: "cache_write", label: "Cache write", num: true, off: true, draw: (r) => count(r.cache_write) },
	{ key: "output", label: "Output", num: true, off: true, draw: (r) => count(r.output) }, { key: "reasoning", label: "Reasoning", num: true, off: true, draw: (r) => count(r.reasoning) },
];

/** Latest and worst runs of what matches. */
export function RunsOf({ scope, clause }) {
	const narrowed = { ...scope, where: where(scope.where, clause) }, a = useRuns(narrowed, { limit: 300 });
	const rows = a.rows || [], latest = rows.slice(0, 6), worst = [...rows].sort((x, y) => Number(y.state === "error") - Number(x.state === "error") || (y.cost || 0) - (x.cost || 0)).slice(0, 6);
	return html`<div class="grid2"><${Panel} title="Latest runs" flush error=${a.error}>${a.rows && html`<${RunsTable} rows=${latest} scope=${scope} name="latest" keys=${false} short />`}</${Panel}>
		<${Panel} title="Worst runs: failed first, then by cost" flush error=${a.error}>${a.rows && html`<${RunsTable} rows=${worst} scope=${scope} name="worst" keys=${false} short />`}</${Panel}></div>`;
}

export function Inside({ by, value, scope, extra }) {
	const clause = value == null ? `not ${by}:*` : chipWhere(`${by}:${value}`), w = where(REQUESTS, clause), other = by === "model" ? "agent" : "model";
	return html`<div class="row"><button type="button" class="btn small" disabled=${value == null} onClick=${() => addFilter(by, value)}>filter every page by this</button>${extra}</div>
		<div class="grid3"><${SpendPanel} scope=${scope} where=${w} by=${other} /><${LatencyPanel} scope=${scope} where=${w} /><${TokenKindsPanel} scope=${scope} where=${w} /></div>
		<${RunsOf} scope=${scope} clause=${clause} />`;
}

/** @param {{by: string, label: string, title: string, scope: any, name: string}} p */
export function GroupTable({ by, label, title, scope, name }) {
	const a = useCalls(by, scope), columns = useMemo(() => callColumns(by, label), [by, label]);
	const q = { select: CALL_FIGURES.join(" "), where: REQUESTS, by, sort: `-sum:${COST}`, limit: 500 };
	return html`<${Panel} title=${`${a.rows?.length ?? ""} ${title.toLowerCase()}`} flush stale=${a.stale} error=${a.error} right=${html`<${Asked} q=${q} scope=${scope} />`}>
		${a.rows && html`<${Table} name=${name} columns=${columns} rows=${a.rows} id=${(r) => String(r.key ?? "")} sort=${scope.unit === "tokens" ? "-tokens" : "-cost"} inside=${(r) => html`<${Inside} by=${by} value=${r.key} scope=${scope} />`}
			empty=${html`<${Teach} what=${`No call in this time`} />`} />`}</${Panel}>`;
}

export const TailPanel = ({ by, scope }) => html`<${SeriesPanel} title=${`p95 latency by ${by}`} scope=${scope} family=${by} unit="seconds" q=${{ select: "p95:duration", where: REQUESTS, by }} />`;

/** @param {{by: string, label: string, title: string, scope: any, name: string, tabs?: any}} p */
export function GroupPage({ by, label, title, scope, name, tabs }) {
	return html`<h1>${title}</h1>${tabs}<div class="grid2"><${SpendPanel} scope=${scope} by=${by} /><${TailPanel} scope=${scope} by=${by} /></div>
		<${GroupTable} by=${by} label=${label} title=${title} scope=${scope} name=${name} />`;
}
export { shown, href };
