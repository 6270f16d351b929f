// SPDX-License-Identifier: Apache-2.0
// What is seen but not decoded, and what to do about it.
import { url, useLive } from "../api.js";
import { ago, bytes, count, percent } from "../format.js";
import { Icon } from "../icons.js";
import { Command, Empty, Panel } from "../parts/common.js";
import { useQuery, rows as asObjects } from "../scope.js";
import { REQUESTS } from "../stats.js";
import { html } from "../ui.js";

const ORDER = { opaque: 0, partial: 1, decoded: 2 };

function Line({ r, now }) {
	const all = (r.decoded || 0) + (r.partial || 0) + (r.opaque || 0), share = (n) => all ? `${(n || 0) / all * 100}%` : "0";
	const bad = r.state !== "decoded" && r.state !== "attached" && r.state !== "ok";
	return html`<li><div><b>${r.process || "a process"}</b>${r.pid ? html` <span class="second num">pid ${r.pid}</span>` : ""}<div class="second mono clip" title=${r.endpoint || r.exe}>${r.endpoint || r.exe || ""}</div><div class="third">${r.last ? ago(r.last, now) : ""}${r.calls ? ` · ${count(r.calls)} calls` : ""}</div></div>
		<div><div class="three" role="img" aria-label=${`${bytes(r.decoded)} decoded, ${bytes(r.partial)} partly, ${bytes(r.opaque)} opaque`}><i style=${{ width: share(r.decoded), background: "var(--good)" }}></i><i style=${{ width: share(r.partial), background: "var(--warning)" }}></i><i style=${{ width: share(r.opaque), background: "var(--faint)" }}></i></div>
			<div class="second num" style=${{ fontSize: "11px", marginTop: "4px" }}>${[[r.decoded, "decoded"], [r.partial, "partial"], [r.opaque, "opaque"]].filter(([n]) => n).map(([n, w]) => `${bytes(n)} ${w}`).join(" · ") || "sizes not known"}</div></div>
		<div><span class=${bad ? "row warn" : "row good"}><${Icon} name=${bad ? "warn" : "check"} size=${14} /><b>${r.state}</b></span>${r.reason && html`<p>${r.reason}</p>`}${r.remedy && html`<div style=${{ marginTop: "4px" }}><${Command}>${r.remedy}</${Command}></div>`}</div></li>`;
}

export function Coverage({ scope }) {
	const a = useLive(url("coverage", { limit: 1000 })), list = (asObjects(a.data) || []).sort((x, y) => (ORDER[x.state] ?? 0) - (ORDER[y.state] ?? 0));
	const calls = useQuery({ select: "count", where: REQUESTS, by: "gentap.completeness" }, scope).data?.rows || [], sum = calls.reduce((n, r) => n + r[1], 0);
	const open = list.filter((r) => r.state === "opaque" || r.state === "partial").length;
	return html`<h1>Coverage</h1>
		<${Panel} title="Calls in this time"><div class="row num" style=${{ gap: "24px", flexWrap: "wrap" }}>${sum ? calls.map(([k, n]) => html`<span class="fact"><span class="cap">${k || "not told"}</span><span class=${k === "partial" ? "warn" : ""} style=${{ fontSize: "20px", fontWeight: 550 }}>${count(n)}</span><span class="second">${percent(n / sum)}</span></span>`) : html`<span class="second">No call in this time.</span>`}</div></${Panel}>
		<${Panel} title=${open ? `${open} of ${list.length} connections are not wholly decoded` : "Processes and endpoints"} flush error=${a.error}>${a.data && (list.length ? html`<ul class="cov">${list.map((r) => html`<${Line} r=${r} now=${Date.now()} />`)}</ul>`
			: html`<${Empty} ok title="Nothing is opaque"><p>No connection to an LLM API was seen that gentap could not decode. It looks at the TLS libraries of every process, at the names that connections ask for, and at what goes over plain sockets. What each process is attached by, or why it is not:</p><${Command}>sudo gentap doctor</${Command}></${Empty}>`)}</${Panel}>`;
}
