// SPDX-License-Identifier: Apache-2.0
// What a chart needs to be read rightly: when calls were not wholly seen, when a price or
// an agent's version changed.
import { date } from "../format.js";
import { url, useGet } from "../api.js";
import { step, useQuery } from "../scope.js";
import { REQUESTS } from "../stats.js";
import { html, useMemo } from "../ui.js";

const SHOWN = 3;

/** @typedef {{events: {at: number, subject: string, kind: string, what: string}[], lost: {from: number, to: number, n: number}[]}} Marks times in seconds */

/** priced: prices have a say in what is drawn. @returns {Marks} */
export function useMarks(scope, priced = false) {
	const told = useGet(url("marks", { from: Math.round(scope.from), to: Math.round(scope.to) })).data;
	const lost = useQuery({ select: "partial", where: REQUESTS, interval: step(scope) }, scope).data;
	return useMemo(() => ({
		events: (told?.marks || []).filter((m) => priced || m.kind !== "price").map((m) => ({ at: m.at / 1000, subject: m.subject, kind: m.kind, what: m.kind === "price" ? `priced by the list of ${m.after}, before that by ${m.before}` : `version ${m.after}, before that ${m.before}` })),
		lost: (lost?.x || []).map((ms, i) => ({ from: ms / 1000, to: (ms + lost.interval) / 1000, n: lost.series[0]?.values[i] || 0 })).filter((w) => w.n > 0),
	}), [told, lost, priced]);
}

/** Into uPlot's canvas: hatched where calls were lost, a dashed line where something changed. @param {Marks} marks */
export function drawMarks(u, marks, { lost, event }) {
	const { ctx, bbox } = u, x = (t) => u.valToPos(t, "x", true), within = (t) => t >= u.scales.x.min && t <= u.scales.x.max, dot = devicePixelRatio || 1;
	ctx.save();
	ctx.beginPath();
	ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
	ctx.clip();
	ctx.strokeStyle = lost;
	ctx.lineWidth = dot;
	for (const w of marks.lost) {
		const a = Math.max(x(w.from), bbox.left), b = Math.min(x(w.to), bbox.left + bbox.width), high = 7 * dot;
		ctx.beginPath();
		for (let at = a - high; at < b; at += 4 * dot) {
			ctx.moveTo(Math.max(at, a), bbox.top + high - Math.max(0, a - at));
			ctx.lineTo(Math.min(at + high, b), bbox.top + Math.max(0, at + high - b));
		}
		ctx.stroke();
	}
	ctx.strokeStyle = event;
	ctx.setLineDash([3 * dot, 3 * dot]);
	for (const e of marks.events.filter((m) => within(m.at))) {
		ctx.beginPath();
		ctx.moveTo(x(e.at), bbox.top);
		ctx.lineTo(x(e.at), bbox.top + bbox.height);
		ctx.stroke();
	}
	ctx.restore();
}

/** The same in words. @param {{marks: Marks}} p */
export function MarkNotes({ marks }) {
	const n = marks.lost.reduce((sum, w) => sum + w.n, 0), /** @type {Map<string, any[]>} */ by = new Map();
	for (const e of marks.events)
		by.set(e.what, [...(by.get(e.what) || []), e]);
	const notes = [...by].map(([what, list]) => ({ text: `${list.length === 1 ? list[0].subject : `${list.length} ${list[0].kind === "price" ? "models" : "agents"}`}: ${what}`, title: list.map((e) => `${date(e.at * 1000)} ${e.subject}`).join("\n") })), more = notes.length - SHOWN;
	if (!n && !marks.events.length)
		return null;
	return html`<ul class="marks">${n > 0 && html`<li><i class="hatch" aria-hidden="true"></i>${n === 1 ? "1 call was" : `${n} calls were`} not wholly seen</li>`}
		${notes.slice(0, SHOWN).map((e) => html`<li><i class="dashed" aria-hidden="true"></i><span class="clip" title=${e.title}>${e.text}</span></li>`)}
		${more > 0 && html`<li title=${notes.slice(SHOWN).map((e) => e.text).join("\n")}>and ${more} more</li>`}</ul>`;
}
