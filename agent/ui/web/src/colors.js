// SPDX-License-Identifier: Apache-2.0
// Colours have meaning: operations and token kinds have fixed ones; a category keeps its
// own on every page (by a hash of its name; the first one seen keeps a contested place).
const SLOTS = 10, KEY = "gentap.colors";

/** @type {Record<string, Record<string, number>>} */
let taken = {};
try {
	taken = JSON.parse(localStorage.getItem(KEY) || "{}");
} catch {
	taken = {};
}

function hash(text) {
	let h = 0x811c9dc5;
	for (let i = 0; i < text.length; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
	return h >>> 0;
}

/** The CSS variable of a category's colour. */
export function colorOf(name, family = "model") {
	if (name == null || name === "" || name === "other")
		return "var(--other)";
	const places = taken[family] ||= {};
	if (places[name] == null) {
		const used = Object.values(places);
		let slot = hash(name) % SLOTS;
		for (let i = 0; i < SLOTS && used.includes(slot); i++)
			slot = (slot + 1) % SLOTS;
		places[name] = used.includes(slot) ? hash(name) % SLOTS : slot;
		try {
			localStorage.setItem(KEY, JSON.stringify(taken));
		} catch { /* a full or forbidden storage costs only the memory of colours */ }
	}
	return `var(--c${places[name]})`;
}

/** What a canvas can draw with: a variable's value now. */
export function resolved(color) {
	const m = /^var\((--[\w-]+)\)$/.exec(color);
	return m ? getComputedStyle(document.documentElement).getPropertyValue(m[1]).trim() : color;
}

export const TOKEN_KINDS = [
	{ key: "cached", label: "Cached", color: "var(--tok-cached)" },
	{ key: "cache_write", label: "Cache write", color: "var(--tok-write)" },
	{ key: "input", label: "Input", color: "var(--tok-input)" },
	{ key: "output", label: "Output", color: "var(--tok-output)" },
	{ key: "reasoning", label: "Reasoning", color: "var(--tok-reasoning)" },
];

const OPS = {
	"gen_ai.invoke_agent": "var(--op-agent)", "gen_ai.request": "var(--op-chat)", "gen_ai.execute_tool": "var(--op-tool)",
	mcp: "var(--op-mcp)", "http.server": "var(--op-http)", effect: "var(--op-proc)", other: "var(--op-http)",
};
export function opColor(span) {
	if (span.op === "gen_ai.request" && span.name?.startsWith("embeddings"))
		return "var(--op-embed)";
	if (span.op === "effect" && !/^(exec|process|subprocess)|^[a-z0-9_./-]+$/i.test(span.name || ""))
		return "var(--op-http)";
	return OPS[span.op] || OPS.other;
}
