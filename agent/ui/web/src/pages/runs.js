// SPDX-License-Identifier: Apache-2.0
// Every run in the range: who, how long, how much, how complete.
import { url, useGet } from "../api.js";
import { ago, count, duration, zoned } from "../format.js";
import { Completeness, Cost, Panel, Segmented, State, Teach, TokenBar } from "../parts/common.js";
import { InBar, Table } from "../parts/table.js";
import { rows as asObjects } from "../scope.js";
import { html, useMemo } from "../ui.js";
import { go, href, params, set } from "../url.js";

export const runsUrl = (scope, extra = {}) => url("runs", { where: scope.where, from: Math.round(scope.from), to: Math.round(scope.to), limit: 1000, ...extra });
const IDLE_MS = 15 * 60e3;

export function runState(r, now = Date.now()) {
	if (!r.ended)
		return now - r.end < IDLE_MS ? "running" : "stopped";
	return r.error ? "error" : "ok";
}
export function useRuns(scope, extra = {}) {
	const a = useGet(runsUrl(scope, extra));
	const rows = useMemo(() => asObjects(a.data)?.map((r) => ({ ...r, state: runState(r), duration: Math.max(0, r.end - r.start) / 1000 })), [a.data]);
	return { ...a, rows };
}

const COLUMNS = (now) => [
	{ key: "state", label: "State", hidden: true, value: (r) => r.state, text: (r) => r.state, draw: (r) => html`<span class="name"><${State} state=${r.state} label=${false} /></span>` },
	{ key: "agent", label: "Agent", value: (r) => r.agent || r.comm || r.service, draw: (r) => html`<a class="name" href=${href(`/runs/${r.trace_id}`, { span: r.run_id })}><span class="t">${r.agent || r.comm || r.service || "agent"}</span></a>` },
	{ key: "task", label: "Task or model", wide: true, value: (r) => r.task || r.model, draw: (r) => r.task ? html`<span>${r.task}</span>` : html`<span class="second">${r.model || "–"}</span>` },
	{ key: "user", label: "User / repo", wide: true, value: (r) => r.user || r.repo, draw: (r) => html`<span>${r.user || ""}${r.user && r.repo ? html`<span class="third"> · </span>` : ""}<span class="second">${r.repo || ""}</span>${!r.user && !r.repo ? html`<span class="third">–</span>` : ""}</span>` },
	{ key: "start", label: "Start", num: true, text: (r) => new Date(r.start).toISOString(), draw: (r) => html`<span class="second" title=${zoned(r.start)}>${ago(r.start, now)}</span>` },
	{ key: "duration", label: "Duration", num: true, bar: true, wide: true, text: (r) => duration(r.duration), draw: (r, max) => html`<${InBar} share=${max ? r.duration / max : 0} error=${r.state === "error"} text=${duration(r.duration)} />` },
	{ key: "calls", label: "Calls / tools", num: true, wide: true, text: (r) => `${r.calls} / ${r.tools}`, draw: (r) => html`<span>${count(r.calls)}<span class="third"> / </span>${count(r.tools)}</span>` },
	{ key: "total", label: "Tokens", num: true, bar: true, wide: true, text: (r) => count(r.total), draw: (r, max) => html`<${InBar} text=${count(r.total)} inside=${html`<${TokenBar} t=${r} max=${max} width=${60} />`} />` },
	{ key: "cost", label: "Cost", num: true, draw: (r) => html`<span class="row" style=${{ justifyContent: "flex-end", gap: "6px" }}><${Cost} value=${r.cost} unknown=${r.cost_unknown} calls=${r.calls} refused=${r.refused} /><${Completeness} value=${r.partial ? "partial" : "full"} /></span>` },
	{ key: "tools", label: "Tools", num: true, off: true }, { key: "errors", label: "Errors", num: true, off: true },
	{ key: "error_type", label: "Error", off: true }, { key: "model", label: "Model", off: true }, { key: "team", label: "Team", off: true }, { key: "tier", label: "Tier", off: true },
	{ key: "repo", label: "Repository", off: true }, { key: "branch", label: "Branch", off: true }, { key: "host", label: "Host", off: true }, { key: "pid", label: "PID", num: true, off: true },
	{ key: "conversation", label: "Session", off: true, draw: (r) => r.conversation ? html`<a href=${href(`/sessions/${encodeURIComponent(r.conversation)}`)}>${r.conversation}</a>` : "–" }, { key: "trace_id", label: "Trace id", off: true },
];

const SHORT = ["state", "agent", "task", "start", "duration", "cost"];

/** short: for half a page's width. */
export function RunsTable({ rows, scope, name = "runs", short = false, keys = true }) {
	const columns = useMemo(() => COLUMNS(scope.to).filter((c) => !short || SHORT.includes(c.key)), [Math.round(scope.to / 5000), short]);
	return html`<${Table} name=${name} columns=${columns} rows=${rows} id=${(r) => r.run_id} sort=${short ? "" : "-start"} keys=${keys} copyId=${(r) => r.trace_id}
		onOpen=${(r) => go(href(`/runs/${r.trace_id}`, { span: r.run_id }))} empty=${html`<${Teach} what="No run in this time" />`} foot=${`${rows.length}${rows.length >= 1000 ? "+" : ""} ${rows.length === 1 ? "run" : "runs"}`} />`;
}

export function Runs({ scope }) {
	const a = useRuns(scope), state = params().get("state") || "all";
	const rows = (a.rows || []).filter((r) => state === "all" || r.state === state);
	const n = (s) => (a.rows || []).filter((r) => r.state === s).length;
	return html`<h1>Runs</h1><${Panel} title=${rows.length === 1 ? "1 run" : `${rows.length} runs`} flush stale=${a.stale} error=${a.error} right=${html`<${Segmented} name="State" value=${state} onChange=${(v) => set({ state: v === "all" ? null : v })}
		options=${[["all", "all"], ["running", `running ${n("running")}`], ["error", `errors ${n("error")}`], ["ok", `ok ${n("ok")}`]]} />`}>${a.rows && html`<${RunsTable} rows=${rows} scope=${scope} />`}</${Panel}>`;
}
