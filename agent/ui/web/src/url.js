// SPDX-License-Identifier: Apache-2.0
// Everything that decides what is shown stands in the URL: page, range, live, breakdown,
// filters, unit, and what a page adds. So Back works, and a link shows the same.
import { useEffect, useState } from "./ui.js";

const listeners = new Set();
const changed = () => listeners.forEach((f) => f());

export const parts = () => location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
export const params = () => new URLSearchParams(location.search);

/** A link to a page that keeps the scope (range, filters, …) of this one. */
export function href(path, set = {}) {
	const q = new URLSearchParams();
	for (const [k, v] of params())
		if (["range", "live", "by", "f", "unit"].includes(k))
			q.append(k, v);
	for (const [k, v] of Object.entries(set)) {
		q.delete(k);
		for (const one of Array.isArray(v) ? v : v == null ? [] : [v])
			q.append(k, one);
	}
	const s = q.toString().replace(/%3A/g, ":").replace(/%2C/g, ",").replace(/%2F/g, "/").replace(/%2A/g, "*");
	return path + (s ? "?" + s : "");
}

export function go(to, { replace = false } = {}) {
	if (to === location.pathname + location.search)
		return;
	history[replace ? "replaceState" : "pushState"](null, "", to);
	if (!replace)
		scrollTo(0, 0);
	changed();
}

/** Changes parameters of this page and keeps the others. */
export function set(values, { replace = false } = {}) {
	const q = params();
	for (const [k, v] of Object.entries(values)) {
		q.delete(k);
		for (const one of Array.isArray(v) ? v : v == null ? [] : [v])
			q.append(k, one);
	}
	const s = q.toString().replace(/%3A/g, ":").replace(/%2C/g, ",").replace(/%2F/g, "/").replace(/%2A/g, "*");
	const to = location.pathname + (s ? "?" + s : "");
	if (to === location.pathname + location.search)
		return;
	history[replace ? "replaceState" : "pushState"](null, "", to);
	changed();
}

addEventListener("popstate", changed);
/* Links inside the page go without loading it again. */
document.addEventListener("click", (e) => {
	const a = e.target instanceof Element ? e.target.closest("a[href]") : null;
	if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey)
		return;
	const to = new URL(/** @type {HTMLAnchorElement} */ (a).href);
	if (to.origin !== location.origin || to.pathname.startsWith("/api/") || a.hasAttribute("download"))
		return;
	e.preventDefault();
	go(to.pathname + to.search);
});

/** Draws again when the URL changes. */
export function useUrl() {
	const [, draw] = useState(0);
	useEffect(() => {
		const f = () => draw((n) => n + 1);
		listeners.add(f);
		return () => void listeners.delete(f);
	}, []);
	return { parts: parts(), params: params() };
}

const RANGE = /^(\d+)(s|m|h|d|w)$/;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
export const RANGES = [["5m", "5 minutes"], ["15m", "15 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"],
	["7d", "7 days"], ["30d", "30 days"]];

/** @returns {{from: number, to: number, relative: string | null}} in ms */
export function range(text, now) {
	const m = RANGE.exec(text || "1h");
	if (m)
		return { from: now - Number(m[1]) * SECONDS[m[2]] * 1000, to: now, relative: m[0] };
	const [a, b] = (text || "").split("-").map(Number);
	return a > 0 && b > a ? { from: a, to: b, relative: null } : { from: now - 3600e3, to: now, relative: "1h" };
}

export const DIMENSIONS = [["model", "model"], ["provider", "provider"], ["agent", "agent"], ["user", "user"], ["tier", "tier"],
	["team", "team"], ["repo", "repo"], ["namespace", "namespace"], ["pod", "pod"], ["host", "host"]];

const quoted = (v) => /^[\w.\-*/:@]+$/.test(v) ? v : JSON.stringify(v);
/** A chip's text: key:value, with a ! in front when it leaves out. */
export const chip = (key, value, not = false) => `${not ? "!" : ""}${key}:${value}`;
export function chipWhere(text) {
	const not = text.startsWith("!"), body = not ? text.slice(1) : text, at = body.indexOf(":");
	const one = at < 0 ? body : `${body.slice(0, at)}:${quoted(body.slice(at + 1))}`;
	return not ? `not ${one}` : one;
}
export const where = (...clauses) => clauses.filter(Boolean).join(" and ");

export function addFilter(key, value, not = false) {
	const have = params().getAll("f"), text = chip(key, value, not);
	if (!have.includes(text))
		set({ f: [...have, text] });
}
