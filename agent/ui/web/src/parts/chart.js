// SPDX-License-Identifier: Apache-2.0
// Series over time: uPlot, drawn by what the server already bucketed and stacked.
import uPlot from "uplot";
import { resolved } from "../colors.js";
import { value as shown } from "../format.js";
import { cls, html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { set } from "../url.js";
import { MarkNotes, drawMarks } from "./marks.js";

const sync = uPlot.sync("page");
/** Redraws all charts when the theme changes. */
const redraws = new Set();
new MutationObserver(() => redraws.forEach((f) => f())).observe(document.documentElement, { attributeFilter: ["data-theme"] });

/**
 * @typedef {{name: string, color: string, values: (number | null)[], base?: (number | null)[], top?: (number | null)[], dash?: number[], onOpen?: () => void}} Series
 */

const stepped = uPlot.paths.stepped?.({ align: 1, alignGaps: 1 }), filled = uPlot.paths.stepped?.({ align: 1 });
const pointsOf = (values, i) => values[i] != null && values[i - 1] == null && values[i + 1] == null;

const two = (n) => String(n).padStart(2, "0");
export function timeLabel(t, span) {
	const d = new Date(t * 1000), hm = `${two(d.getHours())}:${two(d.getMinutes())}`;
	if (span <= 600)
		return `${hm}:${two(d.getSeconds())}`;
	return span > 2 * 86400 || hm === "00:00" ? `${d.getMonth() + 1}/${d.getDate()}${span > 6 * 86400 || hm === "00:00" ? "" : ` ${hm}`}` : hm;
}

/** @param {Series[]} series @param {string} unit @param {boolean} stack */
function options(series, unit, stack, width, height, plotted) {
	const text = resolved("var(--second)"), line = resolved("var(--line)");
	const axis = { stroke: text, font: "11px system-ui", grid: { stroke: line, width: 1 }, ticks: { show: false } };
	return {
		width, height, padding: [8, 16, 0, 0], legend: { show: false }, scales: { y: { range: (u, lo, hi) => [0, hi > 0 ? hi * 1.06 : 1] } },
		cursor: { sync: { key: sync.key, scales: ["x", null] }, points: { size: 6 }, drag: { x: true, y: false, setScale: false }, y: false },
		axes: [{ ...axis, size: 26, grid: { show: false }, space: 64, values: (u, ticks) => ticks.map((t) => timeLabel(t, u.scales.x.max - u.scales.x.min)) },
			{ ...axis, size: 58, space: 34, gap: 6, values: (u, v) => v.map((x) => x === 0 ? "0" : shown(x, unit)) }],
		series: [{}, ...plotted.map((p) => ({ label: p.name, scale: "y", stroke: resolved(p.color), width: stack ? 0 : 1.5, dash: p.dash, spanGaps: false,
			paths: stack ? filled : stepped, fill: stack ? resolved(p.color) : undefined, show: true,
			gaps: (u, i, a, b, list) => stack ? list : list.map(([from, to]) => [from, to + 2 * devicePixelRatio]),
			points: { show: !stack, filter: (u, i) => u.data[i].map((v, k) => pointsOf(u.data[i], k) ? k : -1).filter((k) => k >= 0), size: 4, fill: resolved(p.color) } }))],
		hooks: { setSelect: [(u) => {
			if (u.select.width < 4)
				return;
			const a = u.posToVal(u.select.left, "x") * 1000, b = u.posToVal(u.select.left + u.select.width, "x") * 1000;
			u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
			set({ range: `${Math.floor(a)}-${Math.ceil(b)}` });
		}] },
	};
}

/** What a series amounts to: its last, mean and largest value. */
const lastOf = (v) => v.findLast((x) => x != null) ?? null;
const meanOf = (v) => { const k = v.filter((x) => x != null); return k.length ? k.reduce((a, b) => a + b, 0) / k.length : null; };
const maxOf = (v) => { const k = v.filter((x) => x != null); return k.length ? Math.max(...k) : null; };

/** @param {{x: number[], series: Series[], unit: string, stack?: boolean, tall?: boolean, legend?: boolean, name: string, marks?: import("./marks.js").Marks}} p */
export function Chart({ x, series, unit, stack = false, tall = false, legend = true, name, marks }) {
	const box = useRef(/** @type {HTMLElement | null} */ (null)), plot = useRef(/** @type {any} */ (null)), noted = useRef(marks);
	noted.current = marks;
	const [off, setOff] = useState(/** @type {string[]} */ ([])), [at, setAt] = useState(/** @type {number | null} */ (null));
	const shownSeries = series.filter((s) => !off.includes(s.name));
	/* The server's stack is right while all are shown; with some off it is added up here. Drawn from the top down. */
	const plotted = useMemo(() => {
		if (!stack)
			return shownSeries;
		const sums = x.map(() => 0);
		return shownSeries.map((s) => ({ ...s, values: off.length === 0 && s.top ? s.top : s.values.map((v, i) => (sums[i] += v || 0)) })).reverse();
	}, [series, off, stack, x]);
	const data = useMemo(() => [x, ...plotted.map((p) => p.values)], [x, plotted]);
	const shape = plotted.map((p) => p.name + p.color).join("|") + unit + stack;

	useEffect(() => {
		const el = box.current;
		if (!el)
			return;
		const make = () => {
			plot.current?.destroy();
			plot.current = new uPlot(/** @type {any} */ (options(series, unit, stack, el.clientWidth, el.clientHeight, plotted)), /** @type {any} */ (data), el);
			plot.current.hooks.draw = [(u) => noted.current && drawMarks(u, noted.current, { lost: resolved("var(--warning)"), event: resolved("var(--second)") })];
			plot.current.redraw(false);
			plot.current.hooks.setCursor = [(u) => setAt(u.cursor.idx ?? null)];
		};
		make();
		const resize = new ResizeObserver(() => plot.current?.setSize({ width: el.clientWidth, height: el.clientHeight }));
		resize.observe(el);
		redraws.add(make);
		return () => {
			resize.disconnect();
			redraws.delete(make);
			plot.current?.destroy();
			plot.current = null;
		};
	}, [shape]);
	useEffect(() => plot.current?.setData(/** @type {any} */ (data)), [data]);
	useEffect(() => plot.current?.redraw(false), [marks]);

	const toggle = (s, e) => {
		if (e.detail > 1 && s.onOpen)
			return s.onOpen();
		if (e.shiftKey || e.altKey)
			return setOff(off.length === series.length - 1 && !off.includes(s.name) ? [] : series.map((o) => o.name).filter((n) => n !== s.name));
		setOff(off.includes(s.name) ? off.filter((n) => n !== s.name) : [...off, s.name]);
	};
	const column = at == null ? "Last" : "Here";
	return html`<div class="chart">
		<div class=${cls("plot", tall && "tall")} ref=${box} role="img" aria-label=${`${name}: ${series.map((s) => `${s.name} last ${shown(lastOf(s.values), unit)}`).join(", ") || "no data"}`}></div>
		${marks && html`<${MarkNotes} marks=${marks} />`}
		${legend && html`<table class="legend"><thead><tr><th scope="col"><span class=${stack ? "" : "sr"}>${stack ? "Click hides, Shift-click isolates" : "Series"}</span></th><th scope="col">${column}</th><th scope="col">Avg</th><th scope="col">Max</th></tr></thead>
		<tbody>${series.map((s) => html`<tr class=${off.includes(s.name) ? "off" : ""}><td><button type="button" onClick=${(e) => toggle(s, e)} aria-pressed=${off.includes(s.name) ? "false" : "true"}
			title=${s.onOpen ? "click hides, Shift-click isolates, double-click filters" : "click hides, Shift-click isolates"}><i class="sw" style=${{ background: s.color }}></i><span>${s.name || "(not known)"}</span></button></td>
			<td>${shown(at == null ? lastOf(s.values) : s.values[at], unit)}</td><td>${shown(meanOf(s.values), unit)}</td><td>${shown(maxOf(s.values), unit)}</td></tr>`)}</tbody></table>`}</div>`;
}
