// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them. Unknown is a dash, never 0.

export const DASH = "–";

const trim = (x, digits) => x.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** USD: two decimals from a dollar on, two significant ones below, four decimals below a cent. */
export function money(x) {
	if (x == null || !Number.isFinite(x))
		return DASH;
	const a = Math.abs(x);
	if (a === 0)
		return "$0";
	if (a >= 0.00995)
		return (x < 0 ? "−$" : "$") + trim(a, a < 0.0995 ? 3 : 2);
	return (x < 0 ? "−$" : "$") + (a >= 0.00005 ? trim(a, 4) : a.toPrecision(2).replace(/e-(\d+)/, "e−$1"));
}

/** All of it, to the picodollar. */
export const moneyFull = (x) => x == null ? DASH : "$" + x.toFixed(12).replace(/0{1,10}$/, "");

/** 812, 12.4k, 3.1M */
export function count(x) {
	if (x == null || !Number.isFinite(x))
		return DASH;
	const a = Math.abs(x);
	if (a < 1000)
		return Number.isInteger(x) ? String(x) : trim(x, a < 10 ? 2 : 1);
	for (const [unit, size] of /** @type {[string, number][]} */ ([["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]]))
		if (a >= size * 0.9995)
			return (a / size >= 99.95 ? trim(x / size, 0) : trim(x / size, 1)) + unit;
	return trim(x, 0);
}
export const whole = (x) => x == null ? DASH : Math.round(x).toLocaleString("en-US");

/** Seconds: 840 µs, 42 ms, 1.24 s, 3 m 12 s */
export function duration(s) {
	if (s == null || !Number.isFinite(s))
		return DASH;
	if (s === 0)
		return "0 s";
	if (s < 0.0009995)
		return `${Math.round(s * 1e6)} µs`;
	if (s < 0.9995)
		return `${s < 0.00995 ? trim(s * 1e3, 1) : Math.round(s * 1e3)} ms`;
	if (s < 59.95)
		return `${trim(s, s < 9.995 ? 2 : 1)} s`;
	const t = Math.round(s);
	if (t < 3600)
		return `${Math.floor(t / 60)} m ${t % 60} s`;
	if (t < 86400)
		return `${Math.floor(t / 3600)} h ${Math.floor(t % 3600 / 60)} m`;
	return `${Math.floor(t / 86400)} d ${Math.floor(t % 86400 / 3600)} h`;
}

/** A ratio: 0.4 %, 12 % */
export function percent(r) {
	if (r == null || !Number.isFinite(r))
		return DASH;
	const p = r * 100, a = Math.abs(p);
	return `${a === 0 || a >= 9.95 ? Math.round(p) : a < 0.1 ? "< 0.1" : trim(p, 1)} %`;
}

export const bytes = (x) => x == null ? DASH : x < 1000 ? `${x} B` : `${count(x)}B`;
export const rate = (x) => x == null || !Number.isFinite(x) ? DASH : `${x < 10 ? trim(x, 1) : Math.round(x)} tok/s`;

/** By unit of a column, as the API names them. */
export function value(x, unit) {
	switch (unit) {
	case "usd": return money(x);
	case "seconds": return duration(x);
	case "ratio": return percent(x);
	case "bytes": return bytes(x);
	case "time": return x == null ? DASH : clock(x / 1e6);
	case "tokens/s": return rate(x);
	default: return typeof x === "number" || x == null ? count(x) : String(x);
	}
}

const pad = (n, w = 2) => String(n).padStart(w, "0");
export function clock(ms, seconds = true) {
	const d = new Date(ms);
	return `${pad(d.getHours())}:${pad(d.getMinutes())}${seconds ? ":" + pad(d.getSeconds()) : ""}`;
}
export function date(ms) {
	const d = new Date(ms);
	return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock(ms)}`;
}
export function zoned(ms) {
	const o = -new Date(ms).getTimezoneOffset(), a = Math.abs(o);
	return `${date(ms)}.${pad(new Date(ms).getMilliseconds(), 3)} UTC${o < 0 ? "−" : "+"}${pad(Math.floor(a / 60))}:${pad(a % 60)}`;
}
/** Under an hour ago in words, else the time. */
export function ago(ms, now = Date.now()) {
	const s = (now - ms) / 1000;
	if (s < 5)
		return "just now";
	if (s < 60)
		return `${Math.round(s)} s ago`;
	if (s < 3600)
		return `${Math.floor(s / 60)} m ago`;
	return new Date(now).toDateString() === new Date(ms).toDateString() ? clock(ms) : date(ms).slice(0, 16);
}

export function change(now, before) {
	if (now == null || before == null || !before)
		return null;
	return (now - before) / before;
}
