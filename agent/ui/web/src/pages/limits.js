// SPDX-License-Identifier: Apache-2.0
// What providers said last of their rate limits.
import { url, useGet } from "../api.js";
import { ago, count, duration, percent, zoned } from "../format.js";
import { Panel } from "../parts/common.js";
import { InBar, Table } from "../parts/table.js";
import { cls, html, useMemo } from "../ui.js";

const HIGH = 0.8;
const words = (kind) => kind.replaceAll("_", " ").replace(/^plan (5h|7d)$/, (_, p) => `plan, ${p === "5h" ? "5 hours" : "7 days"}`);

export function Limits({ scope }) {
	const a = useGet(url("limits", { where: scope.where, from: Math.round(scope.from), to: Math.round(scope.to) }));
	const rows = useMemo(() => (a.data?.limits || []).map((l) => ({ ...l, kind: words(l.kind || ""), used: l.used ?? (l.limit > 0 && l.remaining != null ? 1 - l.remaining / l.limit : null), frees: l.reset == null ? null : l.at + l.reset * 1000 })), [a.data]);
	const free = (r) => r.frees == null ? null : r.frees > scope.to ? `in ${duration((r.frees - scope.to) / 1000)}` : "by now";
	return html`<${Panel} title="Rate limits, as the providers told them last" flush stale=${a.stale} error=${a.error}>${a.data && html`<${Table} name="limits" keys=${false} rows=${rows} id=${(r) => `${r.provider} ${r.model} ${r.kind}`} sort="-used"
		empty=${html`<div class="empty"><p>${a.data.looked ? `None of the latest ${count(a.data.looked)} calls carried a rate limit in its answer.` : "No call in this time."}</p></div>`} columns=${[
			{ key: "provider", label: "Provider" }, { key: "model", label: "Model" }, { key: "kind", label: "Limit" },
			{ key: "used", label: "Used", num: true, text: (r) => percent(r.used), draw: (r) => html`<${InBar} share=${r.used} error=${r.used > HIGH} text=${html`<span class=${cls(r.used > HIGH && "warn")}>${percent(r.used)}</span>`} />` },
			{ key: "remaining", label: "Left", num: true, text: (r) => count(r.remaining), draw: (r) => html`${count(r.remaining)}${r.limit != null && html`<span class="second"> of ${count(r.limit)}</span>`}` },
			{ key: "frees", label: "Free again", num: true, text: free, draw: (r) => free(r) ?? html`<span class="third">–</span>` },
			{ key: "at", label: "Told", num: true, text: (r) => new Date(r.at).toISOString(), draw: (r) => html`<span class="second" title=${zoned(r.at)}>${ago(r.at, scope.to)}</span>` }]} />`}</${Panel}>`;
}
