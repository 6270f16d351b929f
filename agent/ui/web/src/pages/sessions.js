// SPDX-License-Identifier: Apache-2.0
// Conversations: a session is its runs in order, and its words when they are recorded.
import { url, useGet } from "../api.js";
import { ago, count, duration, zoned } from "../format.js";
import { Cost, Empty, Panel, Teach, TokenBar } from "../parts/common.js";
import { InBar, Table } from "../parts/table.js";
import { rows as asObjects } from "../scope.js";
import { html, useMemo } from "../ui.js";
import { go, href } from "../url.js";
import { Conversation } from "./conversation.js";
import { RunsTable, useRuns } from "./runs.js";

export function Sessions({ scope }) {
	const a = useGet(url("sessions", { where: scope.where, from: Math.round(scope.from), to: Math.round(scope.to) }));
	const rows = useMemo(() => (asObjects(a.data) || []).map((r) => ({ ...r, duration: (r.end - r.start) / 1000 })), [a.data]);
	return html`<h1>Sessions</h1><${Panel} title=${rows.length === 1 ? "1 session" : `${rows.length} sessions`} flush stale=${a.stale} error=${a.error}>${a.data && html`<${Table} name="sessions" rows=${rows} id=${(r) => r.session} sort="-start" onOpen=${(r) => go(href(`/sessions/${encodeURIComponent(r.session)}`))} empty=${html`<${Teach} what="No conversation in this time" />`} columns=${[
		{ key: "session", label: "Session", draw: (r) => html`<a class=${r.task ? "" : "mono"} title=${r.session} href=${href(`/sessions/${encodeURIComponent(r.session)}`)}>${r.task || (r.session.length > 28 ? r.session.slice(0, 26) + "…" : r.session)}</a>` }, { key: "agent", label: "Agent", wide: true }, { key: "user", label: "User", wide: true },
		{ key: "start", label: "Start", num: true, draw: (r) => html`<span class="second" title=${zoned(r.start)}>${ago(r.start, scope.to)}</span>` }, { key: "duration", label: "Duration", num: true, bar: true, wide: true, draw: (r, max) => html`<${InBar} share=${r.duration / max} text=${duration(r.duration)} />` },
		{ key: "runs", label: "Runs", num: true, wide: true }, { key: "calls", label: "Calls", num: true, wide: true, draw: (r) => count(r.calls) }, { key: "total", label: "Tokens", num: true, bar: true, wide: true, draw: (r, max) => html`<${InBar} text=${count(r.total)} inside=${html`<${TokenBar} t=${r} max=${max} width=${60} />`} />` },
		{ key: "cost", label: "Cost", num: true, draw: (r) => html`<${Cost} value=${r.cost} unknown=${r.cost_unknown} calls=${r.calls} refused=${r.refused} />` }, { key: "tools", label: "Tools", num: true, off: true }, { key: "errors", label: "Errors", num: true, off: true }, { key: "model", label: "Model", off: true }, { key: "repo", label: "Repository", off: true }]} />`}</${Panel}>`;
}

export function Session({ id, scope }) {
	const wide = { ...scope, where: `session:${JSON.stringify(id)}`, from: 0, to: Date.now() + 1000 }, a = useRuns(wide), runs = a.rows || [];
	if (a.rows && !runs.length)
		return html`<${Panel}><${Empty} title="This session is not in the store"><p><a href=${href("/sessions")}>The sessions that are there</a></p></${Empty}></${Panel}>`;
	return html`<h1><a href=${href("/sessions")}>Sessions</a> <span class="third">/</span> <span class="mono clip">${id}</span></h1>${runs.length > 0 && runs.at(-1).task && html`<p class="task">${runs.at(-1).task}</p>`}
		<${Panel} title=${runs.length === 1 ? "1 run" : `${runs.length} runs`} flush error=${a.error}>${a.rows && html`<${RunsTable} rows=${runs} scope=${scope} name="session" />`}</${Panel}>
		<${Panel} title="The conversation"><${Conversation} runs=${runs} /></${Panel}>`;
}
