// SPDX-License-Identifier: Apache-2.0
// What every panel obeys: the range (one moment for the whole page, so that figures
// agree), the filters, the breakdown, the unit.
import { stream, url, useGet, waiting, watch } from "./api.js";
import { useEffect, useMemo, useState } from "./ui.js";
import * as address from "./url.js";

const TICK_MS = 1000, IDLE_MS = 15000;

/** @typedef {{from: number, to: number, relative: string | null, live: boolean, by: string, unit: "cost" | "tokens", filters: string[], where: string, span: number}} Scope */

/** The moment that "now" means: moves when something was stored, while live. */
export function useNow(live) {
	const [now, setNow] = useState(Date.now());
	useEffect(() => {
		if (!live)
			return;
		let last = Date.now(), timer = 0;
		const move = () => {
			/* Slow answers first: more of the same questions make them slower. */
			timer = waiting() ? setTimeout(move, 300) : 0;
			if (timer)
				return;
			last = Date.now();
			setNow(last);
		};
		const unwatch = watch(() => {
			if (!timer)
				timer = setTimeout(move, Math.max(0, last + TICK_MS - Date.now() - 700));
		});
		const idle = setInterval(() => document.visibilityState === "visible" && !timer && move(), IDLE_MS);
		return () => {
			unwatch();
			clearTimeout(timer);
			clearInterval(idle);
		};
	}, [live]);
	return now;
}

/** @returns {Scope} */
export function useScope() {
	const { params } = address.useUrl();
	const relative = /^\d+[smhdw]$/.test(params.get("range") || "1h");
	const live = relative && params.get("live") !== "0";
	const now = useNow(live);
	const key = params.toString();
	return useMemo(() => {
		const r = address.range(params.get("range"), now), filters = params.getAll("f");
		return { ...r, live, by: params.get("by") || "model", filters, where: address.where(...filters.map(address.chipWhere)),
			unit: params.get("unit") === "tokens" ? "tokens" : "cost", span: r.to - r.from };
	}, [key, now, live]);
}

const STEPS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800];
/** A step that gives about `points` buckets. In seconds. */
export function step(scope, points = 60) {
	const s = STEPS.find((x) => scope.span / 1000 / x <= points) || 604800;
	/* From a day on whole hours: those sums are kept. */
	return scope.span >= 20 * 3600e3 && s < 3600 ? 3600 : s;
}

/**
 * @typedef {{select: string, where?: string, by?: string, sort?: string, limit?: number, interval?: number, top?: number, stack?: boolean, from?: number, to?: number, nofilter?: boolean}} Query
 * @param {Query} q @param {Scope} scope
 */
export const queryUrl = (q, scope) => url(q.interval ? "series" : "query", {
	select: q.select, where: address.where(q.where && scope.where && / or /.test(q.where) ? `(${q.where})` : q.where, q.nofilter ? "" : scope.where),
	group_by: q.by, sort: q.sort, limit: q.limit, interval: q.interval ? `${q.interval}s` : null, top: q.top, stack: q.stack ? 1 : null,
	from: Math.round(q.from ?? scope.from), to: Math.round(q.to ?? scope.to),
});

/** The same question as one types it. */
export function queryLine(q, scope) {
	const w = address.where(q.where, scope.where), quote = (s) => `'${s.replaceAll("'", `'\\''`)}'`;
	const iso = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 19);
	return ["gentap query", ...q.select.split(" ").map((s) => /[^\w:.]/.test(s) ? quote(s) : s), w && `--where ${quote(w)}`, q.by && `--group-by ${q.by}`,
		q.sort && `--sort ${quote(q.sort)}`, q.limit && `--limit ${q.limit}`, q.interval && `--interval ${q.interval}s`,
		scope.relative && !q.from ? `--since ${scope.relative}` : `--since ${iso(q.from ?? scope.from)} --until ${iso(q.to ?? scope.to)}`].filter(Boolean).join(" ");
}

/** @param {Query | null} q @param {Scope} scope */
export function useQuery(q, scope) {
	return useGet(q ? queryUrl(q, scope) : null);
}

/** Rows of a list as objects by column name; times in ms; how many calls have no cost beside it. */
export function rows(answer) {
	if (!answer)
		return null;
	const cols = answer.columns, cost = cols.findIndex((c) => c.name === "cost");
	return answer.rows.map((r, n) => {
		const o = Object.fromEntries(cols.map((c, i) => [c.name, c.unit === "time" && r[i] != null ? Date.parse(r[i]) : r[i] === "true" ? true : r[i] === "false" ? false : r[i]]));
		return { ...o, run_id: o.run, comm: o.process, conversation: o.session, cost_unknown: cost >= 0 ? answer.unknown?.[n]?.[cost] || 0 : 0 };
	});
}

export { stream };
