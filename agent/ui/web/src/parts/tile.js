// SPDX-License-Identifier: Apache-2.0
// A figure, how it changed against the period before, and its course.
import { DASH, change, percent, value as shown, whole } from "../format.js";
import { queryLine } from "../scope.js";
import { html } from "../ui.js";

/** 60 points; a gap where nothing is known. @param {{values: (number | null)[], bad?: boolean}} p */
export function Spark({ values, bad }) {
	const known = values.filter((v) => v != null), max = Math.max(...known, 0);
	if (!known.length || max <= 0)
		return html`<div class="spark"></div>`;
	const x = (i) => (i / Math.max(1, values.length - 1) * 100).toFixed(2), y = (v) => (24 - v / max * 22).toFixed(2);
	let line = "", fill = "", open = false, startX = "0";
	values.forEach((v, i) => {
		if (v == null) {
			if (open)
				fill += `L${x(i - 1)} 25Z`;
			open = false;
			return;
		}
		line += `${open ? "L" : "M"}${x(i)} ${y(v)}`;
		if (!open)
			startX = x(i);
		fill += open ? `L${x(i)} ${y(v)}` : `M${startX} 25L${x(i)} ${y(v)}`;
		if (!open && (i + 1 === values.length || values[i + 1] == null))
			line += "h0.8";
		open = true;
	});
	if (open)
		fill += `L${x(values.length - 1)} 25Z`;
	return html`<div class=${bad ? "spark bad" : "spark"}><svg viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true"><path class="fill" d=${fill} /><path class="line" d=${line} /></svg></div>`;
}

/** sense: "bad" when more is worse, "good" when more is better, else none. */
function Change({ now, before, sense }) {
	const c = change(now, before);
	if (c == null)
		return html`<span class="change">${before === 0 && now ? "none before" : " "}</span>`;
	if (Math.abs(c) < 0.005)
		return html`<span class="change">unchanged</span>`;
	const tone = sense === "bad" && c > 0 ? "warn" : sense === "good" && c > 0 ? "good" : "";
	return html`<span class=${`change ${tone}`} title="against the period before">${c > 0 ? "▲" : "▼"} ${Math.abs(c) > 9.99 ? "×" + shown(Math.round(Math.abs(c) + 1), "count") : percent(Math.abs(c))}</span>`;
}

/**
 * @param {{label: string, unit?: string, now: any, before?: any, spark?: any[], href: string, sense?: string, query: any, scope: any, unknown?: any, of?: any, refused?: any, name?: string}} p
 */
export function Tile({ label, unit, now, before, spark, href, sense, query, scope, unknown, of, refused, name }) {
	const text = now == null ? DASH : (unknown > 0 ? "≥ " : "") + shown(now, unit);
	const rests = of != null ? `\nrests on ${whole(of)} calls${unknown > 0 ? `, ${whole(unknown)} of them without a value` : ""}${refused > 0 ? `, ${whole(refused)} refused: nothing used` : ""}` : "";
	return html`<a class="tile" href=${href} data-tile=${name || label} data-value=${now ?? ""} title=${queryLine(query, scope) + rests}>
		<span class="cap">${label}</span>
		<span class="fig"><span class=${unknown > 0 ? "atleast" : ""}>${text}</span></span>
		<${Change} now=${now} before=${before} sense=${sense} />
		<${Spark} values=${spark || []} bad=${sense === "bad" && label.startsWith("Error")} /></a>`;
}
