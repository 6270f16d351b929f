// SPDX-License-Identifier: Apache-2.0
// Parts of the Tools page: how long each takes, how often it fails, what follows what.
import { url, useGet } from "../api.js";
import { colorOf } from "../colors.js";
import { count, duration, percent } from "../format.js";
import { Asked } from "../parts/charts.js";
import { Panel, Teach } from "../parts/common.js";
import { InBar, Table } from "../parts/table.js";
import { useQuery } from "../scope.js";
import { TOOLS } from "../stats.js";
import { html, useMemo } from "../ui.js";
import { addFilter, chipWhere, href, where } from "../url.js";
import { RunsOf } from "./group.js";

const SELECT = "count failure_rate p50:duration p95:duration";

function useFlow(scope) {
	const a = useGet(url("flow", { where: scope.where, from: Math.round(scope.from), to: Math.round(scope.to) }));
	return a.data;
}

/** What usually comes before and after. */
function Around({ flow, tool }) {
	if (!flow)
		return null;
	const side = (from, to) => {
		const list = flow.steps.filter((s) => s[to] === tool).map((s) => ({ name: s[from], n: s.count })).sort((a, b) => b.n - a.n), sum = list.reduce((n, x) => n + x.n, 0);
		return list.slice(0, 5).map((x) => html`<li><span class="clip">${x.name ?? (from === "from" ? "start of the run" : "end of the run")}</span><span class="meter"><i style=${{ width: `${x.n / sum * 100}%` }}></i></span><span class="num second right">${percent(x.n / sum)}</span></li>`);
	};
	return html`<div class="flow">${flow.cut && html`<p class="third" style=${{ flexBasis: "100%", margin: 0 }}>Of the first ${count(flow.calls)} tool calls in this time; there are more</p>`}<div><span class="cap">Comes before it</span><ol>${side("from", "to")}</ol></div><div><span class="cap">Comes after it</span><ol>${side("to", "from")}</ol></div></div>`;
}

function Who({ scope, tool }) {
	const a = useQuery({ select: "count", where: where(TOOLS, chipWhere(`tool:${tool}`)), by: "agent", limit: 12 }, scope);
	return html`<div><span class="cap">Used by</span><div class="row" style=${{ flexWrap: "wrap" }}>${(a.data?.rows || []).map(([agent, n]) => html`<button type="button" class="tag" onClick=${() => agent && addFilter("agent", agent)}>${agent ?? "not known"} <b class="num">${count(n)}</b></button>`)}</div></div>`;
}

export function Loops({ scope }) {
	const flow = useFlow(scope);
	if (!flow?.loops.length)
		return null;
	return html`<${Panel} title="Loops: the same tool with the same arguments three times or more in a run" flush right=${html`<span class="second">looked for in the latest ${count(flow.looked_at)} tool calls</span>`}><${Table} name="loops" keys=${false} rows=${flow.loops} id=${(r) => r.run + r.tool + r.count} sort="-count" columns=${[
		{ key: "tool", label: "Tool" }, { key: "agent", label: "Agent" }, { key: "count", label: "Times", num: true }, { key: "run", label: "Run", draw: (r) => html`<a class="mono" href=${href(`/runs/${r.trace_id}`, { span: r.run })}>${r.run}</a>` }]} /></${Panel}>`;
}

export function ToolsTable({ scope }) {
	const q = { select: SELECT, where: TOOLS, by: "tool", limit: 300 }, a = useQuery(q, scope), flow = useFlow(scope);
	/* Apart from the others: these cannot come from sums that are kept. */
	const who = useQuery({ select: "uniq:gen_ai.agent.name uniq:gentap.run.id", where: TOOLS, by: "tool", limit: 300 }, scope).data;
	const rows = useMemo(() => {
		const by = new Map((who?.rows || []).map((r) => [r[0], r]));
		return (a.data?.rows || []).map(([tool, calls, error_rate, p50, p95]) => {
			const [, agents, runs] = by.get(tool) || [];
			return { tool, calls, errors: Math.round((error_rate || 0) * calls), error_rate, p50, p95, agents, runs, per_run: runs ? calls / runs : null };
		});
	}, [a.data, who]);
	const columns = [
		{ key: "tool", label: "Tool", draw: (r) => html`<span class="name"><i class="sw" style=${{ background: colorOf(r.tool, "tool") }}></i><span class="t">${r.tool ?? "not known"}</span></span>` },
		{ key: "calls", label: "Calls", num: true, bar: true, draw: (r, max) => html`<${InBar} share=${r.calls / max} text=${count(r.calls)} />` },
		{ key: "error_rate", label: "Errors", num: true, text: (r) => percent(r.error_rate), draw: (r) => html`<span class=${r.error_rate > 0.05 ? "error" : ""} title=${`${r.errors} of ${r.calls}`}>${percent(r.error_rate)}</span>` },
		{ key: "p50", label: "p50", num: true, text: (r) => duration(r.p50), draw: (r) => duration(r.p50) }, { key: "p95", label: "p95", num: true, bar: true, text: (r) => duration(r.p95), draw: (r, max) => html`<${InBar} share=${r.p95 / max} text=${duration(r.p95)} />` },
		{ key: "agents", label: "Agents", num: true }, { key: "runs", label: "Runs", num: true, draw: (r) => count(r.runs) }, { key: "per_run", label: "Per run", num: true, title: "calls in a run that uses it", draw: (r) => r.per_run == null ? count(null) : r.per_run.toFixed(1) }];
	return html`<${Panel} title=${`${rows.length} tools`} flush stale=${a.stale} error=${a.error} right=${html`<${Asked} q=${q} scope=${scope} />`}>${a.data && html`<${Table} name="tools" columns=${columns} rows=${rows} id=${(r) => String(r.tool ?? "")} sort="-calls" empty=${html`<${Teach} what="No tool was called in this time" />`}
			inside=${(r) => html`<div class="grid2"><${Around} flow=${flow} tool=${r.tool} /><${Who} scope=${scope} tool=${r.tool} /></div><${RunsOf} scope=${scope} clause=${chipWhere(`tool:${r.tool}`)} />`} />`}</${Panel}>`;
}
