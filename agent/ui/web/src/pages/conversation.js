// SPDX-License-Identifier: Apache-2.0
// A session read as the conversation it was: run after run, each message once.
import { get, url } from "../api.js";
import { clock, count, date, duration, money } from "../format.js";
import { State } from "../parts/common.js";
import { Part, parsed } from "../trace/messages.js";
import { html, useEffect, useState } from "../ui.js";
import { href } from "../url.js";
import { Copy } from "../parts/common.js";

const RUNS_AT_ONCE = 20;

/* The next call of a run repeats what was said before; equal is what says the same. */
const key = (m) => JSON.stringify([m.role, (m.parts || []).map((p) => [p.type, p.id, p.content ?? p.arguments ?? p.response ?? p.result ?? p])]);

/** The messages of these calls in order, none twice. @param {any[]} calls @param {Set<string>} said */
export function newMessages(calls, said) {
	const out = [];
	for (const c of calls) {
		const a = c.attributes || {}, system = parsed(a["gen_ai.system_instructions"]);
		const all = [...(Array.isArray(system) ? [{ role: "system", parts: system }] : []), ...(parsed(a["gen_ai.input.messages"]) || []), ...(parsed(a["gen_ai.output.messages"]) || [])];
		for (const m of all) {
			const k = key(m);
			if (said.has(k))
				continue;
			said.add(k);
			out.push(m);
		}
	}
	return out;
}

async function callsOf(run) {
	const t = await get(url(`traces/${run.trace_id}`, { full: 1 }));
	return t.spans.filter((s) => s.op === "gen_ai.request" && (!run.run_id || s.run === run.run_id));
}

function Turn({ run, calls, messages }) {
	return html`<section class="turn" aria-label=${`run of ${run.agent || "agent"} at ${date(run.start)}`}><header><${State} state=${run.state} label=${false} /><a href=${href(`/runs/${run.trace_id}`, { span: run.run_id })}><b>${run.agent || run.comm || "agent"}</b></a>
		<span class="second num">${clock(run.start)} · ${duration(run.duration)} · ${count(calls.length)} ${calls.length === 1 ? "call" : "calls"}${run.cost == null ? "" : ` · ${run.cost_unknown ? "≥ " : ""}${money(run.cost)}`}</span></header>
		${messages.length ? html`<div class="talk">${messages.map((m) => (m.parts || []).map((p) => html`<${Part} role=${m.role} part=${p} />`))}</div>`
			: html`<ol class="steps">${calls.map((c) => html`<li><span class="clip">${c.model || c.name}</span><span class="num second">${count(c.input)} tokens in, ${count(c.output)} out</span><span class=${c.error ? "error" : "second"}>${c.error ? c.error_type || "error" : c.finish || ""}</span></li>`)}</ol>`}</section>`;
}

/** @param {{runs: any[]}} p newest first */
export function Conversation({ runs }) {
	const [shown, setShown] = useState(RUNS_AT_ONCE), [calls, setCalls] = useState(/** @type {any[][]} */ ([])), [wrong, setWrong] = useState("");
	const order = [...runs].sort((a, b) => a.start - b.start), part = order.slice(0, shown), of = part.map((r) => `${r.run_id}:${r.end}`).join();
	useEffect(() => {
		let on = true;
		Promise.all(part.map(callsOf)).then((c) => on && setCalls(c), (e) => on && setWrong(e.message));
		return () => void (on = false);
	}, [of]);
	if (wrong)
		return html`<p class="error" role="alert">${wrong}</p>`;
	const said = new Set(), turns = part.map((run, i) => ({ run, calls: calls[i] || [], messages: newMessages(calls[i] || [], said) }));
	const recorded = turns.some((t) => t.messages.length > 0);
	return html`${!calls.length && runs.length > 0 && html`<p class="second late">Reading ${runs.length === 1 ? "one run" : `${part.length} runs`}…</p>`}${calls.length > 0 && !recorded && html`<p class="second">What was said is not recorded; here is what can be told without it. To read it here, start gentap with <span class="cmd"><code>--capture-content</code><${Copy} text="--capture-content" /></span></p>`}
		${calls.length > 0 && turns.map((t) => html`<${Turn} key=${t.run.run_id} ...${t} />`)}
		${order.length > shown && html`<button type="button" class="btn small" onClick=${() => setShown(shown + RUNS_AT_ONCE)}>show the next of ${order.length - shown} more runs</button>`}`;
}
