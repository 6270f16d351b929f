// SPDX-License-Identifier: Apache-2.0
// A call's messages as a conversation; without content, their sizes.
import { bytes, whole } from "../format.js";
import { Copy } from "../parts/common.js";
import { cls, html, useState } from "../ui.js";

export function parsed(v) {
	if (typeof v !== "string")
		return v ?? null;
	try {
		return JSON.parse(v);
	} catch {
		return null;
	}
}

/** JSON with colours; anything else as it is. */
export function Code({ text }) {
	const value = typeof text === "string" ? parsed(text) : text;
	if (value == null || typeof value !== "object")
		return html`${typeof text === "string" ? text : JSON.stringify(text)}`;
	const pretty = JSON.stringify(value, null, 2), out = [], token = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
	let at = 0;
	for (const m of pretty.matchAll(token)) {
		out.push(pretty.slice(at, m.index));
		out.push(html`<span class=${m[1] ? (m[2] ? "j-key" : "j-str") : m[3] ? "j-lit" : "j-num"}>${m[1] || m[0]}</span>`, m[2] || "");
		at = (m.index || 0) + m[0].length;
	}
	return html`${out}${pretty.slice(at)}`;
}

const HINT = 90;
/** The head of what is folded. */
const hint = (v) => {
	const s = typeof v === "string" ? v : JSON.stringify(v) || "";
	return s.length > HINT ? `${s.slice(0, HINT)}…` : s;
};

/** prose: words, not code */
export function Block({ role, note, text, tone, folded = false, prose = false }) {
	const [open, setOpen] = useState(!folded), [all, setAll] = useState(false);
	const s = typeof text === "string" ? text : JSON.stringify(text, null, 2), long = s.length > 900 || s.split("\n").length > 14;
	return html`<section class=${cls("msg", tone)}><header><b>${role}</b>${note && html`<span class="clip">${note}</span>`}<span class="grow"></span>${folded && html`<button type="button" class="copy" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)}>${open ? "fold" : "show"}</button>`}<${Copy} text=${s} /></header>
		${open && html`<pre class=${cls(long && !all && "clamp", prose && "prose")}><${Code} text=${text} /></pre>`}${open && long && html`<button type="button" class="copy" style=${{ margin: "0 4px 4px" }} onClick=${() => setAll(!all)}>${all ? "show less" : `show all ${whole(s.length)} characters`}</button>`}</section>`;
}

export function Part({ role, part }) {
	switch (part.type) {
	case "text": return html`<${Block} role=${role} text=${part.content ?? ""} tone=${role} prose />`;
	case "reasoning": return html`<${Block} role=${role} note=${`reasoning: ${hint(part.content ?? "")}`} text=${part.content ?? ""} tone=${role} folded prose />`;
	case "tool_call": case "server_tool_call": return html`<${Block} role=${role} note=${`calls ${part.name || ""} ${hint(part.arguments ?? part.server_tool_call ?? "")}`} text=${part.arguments ?? part.server_tool_call ?? ""} tone="tool" folded />`;
	case "tool_call_response": case "server_tool_call_response": return html`<${Block} role="tool" note=${hint(part.response ?? part.result ?? part.server_tool_call_response ?? part.id ?? "")} text=${part.response ?? part.result ?? part.server_tool_call_response ?? ""} tone="tool" folded />`;
	default: return html`<${Block} role=${role} note=${part.type} text=${part} folded />`;
	}
}

export function Messages({ attributes }) {
	const system = parsed(attributes["gen_ai.system_instructions"]), input = parsed(attributes["gen_ai.input.messages"]), output = parsed(attributes["gen_ai.output.messages"]);
	if (!input && !output && !system)
		return html`<p class="second">Prompts and answers are not recorded. To see them here, start gentap with</p><span class="cmd"><code>--capture-content</code><${Copy} text="--capture-content" /></span>
			<dl class="kv">${[["gentap.input.bytes", "Request"], ["gentap.output.bytes", "Answer"]].filter(([k]) => attributes[k] != null).map(([k, label]) => html`<dt>${label}</dt><dd>${bytes(attributes[k])}</dd>`)}</dl>`;
	const list = [...(Array.isArray(system) ? [{ role: "system", parts: system }] : []), ...(input || []), ...(output || [])];
	return html`<div class="talk">${list.map((m) => (m.parts || []).map((p) => html`<${Part} role=${m.role} part=${p} />`))}</div>`;
}
