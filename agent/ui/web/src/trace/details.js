// SPDX-License-Identifier: Apache-2.0
// One span: what it was, what was said, what it cost and why, everything it carries.
import { url, useGet } from "../api.js";
import { DASH, duration, money, moneyFull, percent, rate, whole, zoned } from "../format.js";
import { Icon } from "../icons.js";
import { Completeness, Copy, Op, State, Tabs, tokenParts } from "../parts/common.js";
import { TOKEN_KINDS } from "../colors.js";
import { html, useState } from "../ui.js";
import { addFilter, href } from "../url.js";
import { Block, Code, Messages } from "./messages.js";
import { totalsOf } from "./model.js";

const row = (k, v) => v == null || v === "" ? null : html`<dt>${k}</dt><dd>${v}</dd>`;
const filtered = (key, v) => v == null ? null : html`<button type="button" class="clip" style=${{ color: "var(--accent)" }} title="filter by this" onClick=${() => addFilter(key, v)}>${v}</button>`;

function Summary({ s, full }) {
	const a = full.attributes, r = full.resource || {}, streaming = s.ttft != null ? (s.duration - s.ttft) / 1e9 : null;
	const why = a["gentap.partial_reason"], sources = a["gentap.identity.sources"];
	return html`<dl class="kv">
		${row("Status", html`<span class="row"><${State} state=${s.error ? "error" : "ok"} />${s.error_type && html`<span class="mono">${s.error_type}</span>`}</span>`)}
		${row("Message", full.status_message)}
		${row("Model", filtered("model", s.model))}${row("Provider", full.provider)}${row("Agent", filtered("agent", s.agent))}${row("Tool", filtered("tool", s.tool))}
		${row("Start", zoned(Number(BigInt(full.start_unix_ns) / 1000000n)))}${row("Duration", duration(s.duration / 1e9))}
		${s.ttft != null && row("First token", `${duration(s.ttft / 1e9)} (${percent(s.ttft / s.duration)} of the call)`)}
		${streaming && s.output ? row("Speed", rate(s.output / streaming)) : null}
		${row("Finish", s.finish)}${row("Retry", s.retries || null)}
		${row("Completeness", html`<span class="row"><${Completeness} value=${s.completeness} />${s.completeness === "partial" ? `partial${why ? `: ${why}` : ""}` : s.completeness || "full"}</span>`)}
		${s.inferred && row("Inferred", html`by the rule <span class="mono">${s.inferred}</span>`)}
		${row("User", filtered("user", a["user.id"]))}${row("Team", a["gentap.team"])}
		${row("Repository", a["vcs.repository.name"] && `${a["vcs.repository.name"]}${a["vcs.ref.head.name"] ? "@" + a["vcs.ref.head.name"] : ""}`)}
		${row("Process", r["process.executable.name"] || r.comm ? html`<span class="mono">${r["process.executable.name"] || r.comm}${r["process.pid"] || r.pid ? ` / ${r["process.pid"] || r.pid}` : ""}</span>` : null)}
		${row("Command", r["process.command_line"] || r.cmdline)}
		${row("Connection", a["server.address"] && html`<span class="mono">${a["server.address"]}${a["server.port"] ? ":" + a["server.port"] : ""}</span>`)}
		${row("Seen by", a["gentap.capture.source"])}</dl>
		${Array.isArray(sources) && html`<div><span class="cap">Where identity comes from</span><dl class="kv">${sources.map((x) => row(x.slice(0, x.indexOf("=")), html`<span class="mono">${x.slice(x.indexOf("=") + 1)}</span>`))}</dl></div>`}
		${s.input != null && html`<${TokenTable} t=${s} title=${s.op === "gen_ai.invoke_agent" && totalsOf(s).agents ? "Tokens, without those of sub-agents" : "Tokens"} />`}`;
}

export function TokenTable({ t, title = "Tokens" }) {
	const p = tokenParts(t), sum = TOKEN_KINDS.reduce((n, k) => n + p[k.key], 0);
	return html`<div><span class="cap">${title}</span><table class="formula"><tbody>${TOKEN_KINDS.map((k) => html`<tr><td><span class="name"><i class="sw" style=${{ background: k.color }}></i>${k.label}</span></td><td>${t[k.key] == null && !p[k.key] ? DASH : whole(p[k.key])}</td></tr>`)}<tr class="sum"><td>Total</td><td>${whole(sum)}</td></tr></tbody></table></div>`;
}

/** Each line of the cost written out, from what the span says of it. */
export function CostLines({ s, a }) {
	if (a["gentap.cost.source"] === "refused")
		return html`<p>The provider refused this call${a["http.response.status_code"] ? ` (${a["http.response.status_code"]})` : ""}: there is no usage, and nothing to pay.</p>`;
	if (a["gentap.cost.total"] == null)
		return html`<p>What this call cost is unknown: ${a["gentap.cost.source"] === "none" ? "its model has no price" : s.input == null ? "its usage was not seen" : "no price was applied"}. It is counted as unknown, not as 0.</p><p class="second"><code>gentap prices</code> lists the models that have one; <code>--prices FILE</code> adds yours.</p>`;
	const p = tokenParts(s), lines = [["input", "uncached", p.input], ["cache_read", "cached", p.cached], ["cache_write", "cache write", p.cache_write], ["output", "output", s.output], ["other", "other", null]];
	const saved = a["gentap.cost.saved"];
	return html`<table class="formula"><tbody>${lines.map(([key, label, n]) => {
		const cost = a[`gentap.cost.${key}`];
		if (cost == null || (!cost && !n))
			return null;
		return html`<tr><td>${n ? html`${whole(n)} ${label} × ${money(cost / Number(n) * 1e6)}/M` : label}</td><td title=${moneyFull(cost)}>${moneyFull(cost).slice(0, 10)}</td></tr>`;
	})}<tr class="sum"><td>Estimated at list price</td><td title=${moneyFull(a["gentap.cost.total"])}>${moneyFull(a["gentap.cost.total"]).slice(0, 10)}</td></tr></tbody></table>
	<dl class="kv">${row("Price", `${a["gentap.cost.source"] || ""}${a["gentap.cost.price_date"] ? `, of ${a["gentap.cost.price_date"]}` : ""}`)}${row("Tier", a["gentap.cost.tier"])}
		${saved > 0 && row("Without cache", html`${money(a["gentap.cost.total"] + saved)}, ${money(saved)} more`)}</dl>`;
}

function RunCost({ s }) {
	const t = totalsOf(s);
	return html`<p>The sum of the ${t.calls === 1 ? "one call" : `${whole(t.calls)} calls`} under it${s.unpriced ? `; ${s.unpriced === 1 ? "one of them has" : `${whole(s.unpriced)} of them have`} no price` : ""}${s.refused ? `; ${s.refused === 1 ? "one was" : `${whole(s.refused)} were`} refused by the provider: nothing to pay` : ""}.</p>
		<table class="formula"><tbody><tr class="sum"><td>Estimated at list price</td><td title=${moneyFull(s.sum)}>${s.sum == null ? DASH : `${s.unpriced ? "≥ " : ""}${money(s.sum)}`}</td></tr></tbody></table><${TokenTable} t=${t} />`;
}

function Attributes({ a }) {
	return html`<table class="attrs"><tbody>${Object.entries(a).sort(([x], [y]) => x.localeCompare(y)).map(([k, v]) => html`<tr><td class="mono">${k}</td><td class="mono">${typeof v === "string" ? v.length > 400 ? v.slice(0, 400) + "…" : v : JSON.stringify(v)}</td></tr>`)}</tbody></table>`;
}

export function Details({ trace, s, onClose, tab, setTab }) {
	const { data, error } = useGet(url(`traces/${trace}/${s.id}`)), full = data?.spans[0];
	const [, rerender] = useState(0);
	const isRun = s.op === "gen_ai.invoke_agent", isTool = s.op === "gen_ai.execute_tool" || s.op === "mcp";
	/** @type {[string, string][]} */
	const tabs = [["summary", "Summary"], ...(s.op === "gen_ai.request" ? /** @type {[string, string][]} */ ([["messages", "Messages"]]) : []), ...(isTool ? /** @type {[string, string][]} */ ([["tool", "Tool"]]) : []),
		...(s.op === "gen_ai.request" || isRun ? /** @type {[string, string][]} */ ([["cost", "Cost"]]) : []), ["attributes", "Attributes"], ["raw", "Raw"]];
	const on = tabs.some(([k]) => k === tab) ? tab : "summary", a = full?.attributes || {};
	return html`<section class="details" aria-label="Details of the span"><header><${Op} span=${s} /><h2 class="grow">${s.name}</h2><${Copy} text=${s.id} label="Copy id" /><button type="button" class="icon" onClick=${onClose} aria-label="Close the details" title="Esc"><${Icon} name="x" size=${14} /></button></header>
		<${Tabs} name="About the span" tabs=${tabs} value=${on} onChange=${(t) => { setTab(t); rerender((n) => n + 1); }} />
		<div class="pane" role="tabpanel" tabindex="0" aria-label=${on}>${error ? html`<p class="error">${error.message}</p>` : !full ? null
			: on === "summary" ? html`<${Summary} s=${s} full=${full} />`
			: on === "messages" ? html`<${Messages} attributes=${a} />`
			: on === "tool" ? html`<dl class="kv">${row("Name", s.tool)}${row("Call id", a["gen_ai.tool.call.id"])}${row("Type", a["gen_ai.tool.type"])}</dl>
				${a["gen_ai.tool.call.arguments"] != null ? html`<${Block} role="arguments" text=${a["gen_ai.tool.call.arguments"]} tone="tool" />` : html`<p class="second">Arguments are recorded with <code>--capture-content</code>.</p>`}
				${a["gen_ai.tool.call.result"] != null && html`<${Block} role="result" text=${a["gen_ai.tool.call.result"]} tone="tool" />`}`
			: on === "cost" ? (isRun ? html`<${RunCost} s=${s} />` : html`<${CostLines} s=${s} a=${a} />`)
			: on === "attributes" ? html`<${Attributes} a=${{ ...a, ...Object.fromEntries(Object.entries(full.resource || {}).map(([k, v]) => [`resource: ${k}`, v])) }} />`
			: html`<div class="msg"><header><b>span</b><span class="grow"></span><${Copy} text=${JSON.stringify(full, null, 2)} /></header><pre><${Code} text=${full} /></pre></div>`}
		${isRun && on === "summary" && html`<a href=${href("/runs", { f: s.agent ? `agent:${s.agent}` : null })}>runs of this agent</a>`}</div></section>`;
}
