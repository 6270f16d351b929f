// SPDX-License-Identifier: Apache-2.0
// A trace as a tree, and what can be said of it: no drawing here.

/**
 * @typedef {{id: string, parent?: string, run?: string, name: string, op: string, start: number, duration: number, error: boolean, model?: string, agent?: string, tool?: string,
 *  error_type?: string, completeness?: string, finish?: string, input?: number, output?: number, cached?: number, cache_write?: number, reasoning?: number, ttft?: number, cost?: number,
 *  cost_source?: string, inferred?: string, retries?: number, waited?: number, exit?: any, http?: any, children: Span[], depth: number, up: Span | null, leaves: number, sum: number | null, unpriced: number, refused: number}} Span
 */

/** @param {any[]} list in order of start */
export function treeOf(list) {
	/** @type {Map<string, Span>} */
	const byId = new Map();
	for (const s of list)
		byId.set(s.id, { ...s, children: [], depth: 0, up: null, leaves: 0, sum: null, unpriced: 0, refused: 0 });
	/** @type {Span[]} */
	const roots = [];
	for (const s of byId.values()) {
		const up = s.parent ? byId.get(s.parent) : null;
		if (up && up !== s) {
			up.children.push(s);
			s.up = up;
		} else
			roots.push(s);
	}
	/* Parents before children without recursion: a trace may be thousands deep. */
	const order = [];
	for (const stack = [...roots].reverse(); stack.length;) {
		const s = /** @type {Span} */ (stack.pop());
		order.push(s);
		for (let i = s.children.length - 1; i >= 0; i--) {
			s.children[i].depth = s.depth + 1;
			stack.push(s.children[i]);
		}
	}
	for (let i = order.length - 1; i >= 0; i--) {
		const s = order[i], leaf = s.op === "gen_ai.request";
		s.leaves += 1;
		if (leaf && s.cost != null)
			s.sum = (s.sum || 0) + s.cost;
		else if (leaf && s.cost_source === "refused")
			s.refused++;
		else if (leaf)
			s.unpriced++;
		if (s.up) {
			s.up.leaves += s.leaves;
			s.up.unpriced += s.unpriced;
			s.up.refused += s.refused;
			if (s.sum != null)
				s.up.sum = (s.up.sum || 0) + s.sum;
		}
	}
	const end = Math.max(1, ...order.map((s) => s.start + s.duration));
	return { roots, order, byId, end };
}

/** What is visible with these collapsed. */
export function flatten(order, collapsed) {
	const out = [];
	let skip = Infinity;
	for (const s of order) {
		if (s.depth > skip)
			continue;
		skip = Infinity;
		out.push(s);
		if (collapsed.has(s.id))
			skip = s.depth;
	}
	return out;
}

/** The spans that the end of `root` waited for: from the end back, always the child that ended last. */
export function criticalPath(root) {
	const on = new Set([root.id]), work = [root];
	while (work.length) {
		const s = /** @type {Span} */ (work.pop());
		let cursor = s.start + s.duration;
		for (const c of [...s.children].sort((a, b) => b.start + b.duration - a.start - a.duration)) {
			if (c.start + c.duration > cursor + 1e6)
				continue;
			on.add(c.id);
			work.push(c);
			cursor = c.start;
		}
	}
	return on;
}

/** @type {WeakMap<any, {from: number, to: number, what: string}[]>} */
const gaps = new WeakMap();
/** Times of a span in which none of its children ran, longer than a fiftieth of the whole. */
export function gapsOf(s, whole) {
	const have = gaps.get(s);
	if (have)
		return have;
	if (!s.children.length || (s.op !== "gen_ai.invoke_agent" && s.op !== "http.server"))
		return [];
	/** @type {{from: number, to: number, what: string}[]} */
	const out = [], least = whole * 0.02;
	let at = s.start, before = null;
	for (const c of [...s.children].sort((a, b) => a.start - b.start)) {
		if (c.start - at > least)
			out.push({ from: at, to: c.start, what: before?.op === "gen_ai.request" && c.op === "gen_ai.request" ? "between two calls: a tool without visible effect, or idle" : before ? "idle, or work that gentap does not see" : "before the first call" });
		if (c.start + c.duration > at) {
			at = c.start + c.duration;
			before = c;
		}
	}
	if (s.start + s.duration - at > least)
		out.push({ from: at, to: s.start + s.duration, what: "after the last call: the answer was there, the run still open" });
	gaps.set(s, out);
	return out;
}

const NICE = [1, 2, 5];
/** Ticks of an axis from a to b (ns). */
export function ticksOf(a, b, most = 8) {
	const raw = (b - a) / most;
	let step = 1;
	for (let p = 1; ; p *= 10) {
		const n = NICE.find((x) => x * p >= raw);
		if (n) {
			step = n * p;
			break;
		}
	}
	/* Above a second, steps that clocks have. */
	if (raw > 1e9)
		step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].map((s) => s * 1e9).find((s) => s >= raw) || step;
	const out = [];
	for (let t = Math.ceil(a / step) * step; t <= b; t += step)
		out.push(t);
	return out;
}

/** The run that a span belongs to: itself, or the nearest above. */
export function runOf(s) {
	for (let x = s; x; x = x.up)
		if (x.op === "gen_ai.invoke_agent")
			return x;
	return null;
}

export function totalsOf(s) {
	const t = { agents: 0, calls: 0, tools: 0, errors: 0, input: 0, output: 0, cached: 0, cache_write: 0, reasoning: 0, partial: 0, models: /** @type {Set<string>} */ (new Set()) };
	for (const stack = [s]; stack.length;) {
		const x = /** @type {Span} */ (stack.pop());
		stack.push(...x.children);
		if (x.op === "gen_ai.request") {
			t.calls++;
			for (const k of ["input", "output", "cached", "cache_write", "reasoning"])
				t[k] += x[k] || 0;
			if (x.model)
				t.models.add(x.model);
		}
		t.agents += x.op === "gen_ai.invoke_agent" && x !== s ? 1 : 0;
		t.tools += x.op === "gen_ai.execute_tool" ? 1 : 0;
		t.errors += x.error && x !== s ? 1 : 0;
		t.partial += x.completeness === "partial" ? 1 : 0;
	}
	return t;
}

export function labelOf(s) {
	const [head, ...rest] = (s.name || s.op).split(" ");
	return rest.length ? [head, rest.join(" ")] : ["", head];
}
