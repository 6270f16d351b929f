// SPDX-License-Identifier: Apache-2.0
// Where the durations lie: time to the right, duration upwards, darker is more calls.
import { count, duration } from "../format.js";
import { html } from "../ui.js";
import { set } from "../url.js";
import { timeLabel } from "./chart.js";

/** Seconds; each is the upper end of a band, the last band has none. */
export const EDGES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const TICKS = 6;

/** From how many are below each edge, and all: how many lie in each band. */
export function bandsOf(series) {
	const values = series.map((s) => s.values), all = values.at(-1) || [];
	return EDGES.concat(Infinity).map((to, i) => ({ from: i ? EDGES[i - 1] : 0, to,
		values: all.map((n, k) => n == null ? 0 : Math.max(0, (i < EDGES.length ? values[i][k] ?? 0 : n) - (i ? values[i - 1][k] ?? 0 : 0))) }));
}
const inWords = (r) => r.to === Infinity ? `over ${duration(r.from)}` : r.from ? `${duration(r.from)} to ${duration(r.to)}` : `under ${duration(r.to)}`;

/** @param {{x: number[], rows: {from: number, to: number, values: number[]}[], interval: number, label?: (r: any) => string, axis?: (r: any) => string}} p x and interval in ms */
export function Heat({ x, rows, interval, label = inWords, axis = (r) => r.to === Infinity ? "" : duration(r.to) }) {
	const seen = rows.map((r) => r.values.some((v) => v > 0)), low = seen.indexOf(true), high = seen.lastIndexOf(true);
	if (low < 0)
		return html`<div class="third nothing">Nothing in this time</div>`;
	const shown = rows.slice(low, high + 1), most = Math.max(1, ...shown.flatMap((r) => r.values)), w = 100 / x.length, h = 100 / shown.length, span = (x.length * interval) / 1000;
	const ticks = Array.from({ length: Math.min(TICKS, x.length) }, (_, i) => Math.floor(i * x.length / Math.min(TICKS, x.length)));
	return html`<div class="heat"><div class="heat-y" aria-hidden="true">${[...shown].reverse().map((r) => html`<span>${axis(r)}</span>`)}</div>
		<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=${`How durations are spread: ${shown.map((r) => `${label(r)} ${r.values.reduce((a, b) => a + b, 0)}`).join(", ")}`}>${shown.map((r, j) => r.values.map((v, i) => v > 0 && html`<rect x=${i * w} y=${100 - (j + 1) * h} width=${w} height=${h} fill="var(--accent)" fill-opacity=${(0.14 + 0.86 * Math.sqrt(v / most)).toFixed(3)}
			onClick=${() => set({ range: `${x[i]}-${x[i] + interval}` })}><title>${`${timeLabel(x[i] / 1000, span)}: ${count(v)} ${v === 1 ? "call" : "calls"} ${label(r)}`}</title></rect>`))}</svg>
		<div class="heat-x" aria-hidden="true">${ticks.map((i) => html`<span style=${{ left: `${i * w}%` }}>${timeLabel(x[i] / 1000, span)}</span>`)}</div></div>`;
}
