// SPDX-License-Identifier: Apache-2.0
// The rows: only those in sight are in the document, whatever the trace holds.
import { opColor } from "../colors.js";
import { duration, money } from "../format.js";
import { Icon } from "../icons.js";
import { cls, html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { MiniMap } from "./minimap.js";
import { gapsOf, labelOf, ticksOf } from "./model.js";

export const ROW = 24;
const AROUND = 10, ZOOM_MIN_NS = 1e5;

function Bar({ s, view, critical, end }) {
	const span = view[1] - view[0], pos = (t) => (t - view[0]) / span * 100;
	const a = pos(s.start), b = pos(s.start + s.duration);
	if (b < 0 || a > 100)
		return html`<span class="wf-label" style=${{ [b < 0 ? "left" : "right"]: 0 }}>${b < 0 ? "◂" : "▸"}</span>`;
	const color = opColor(s), left = Math.max(a, -1), width = Math.min(b, 101) - left, style = { left: `${left}%`, width: `${width}%`, background: color };
	const first = s.ttft != null && s.ttft < s.duration ? pos(s.start + s.ttft) : null;
	const cost = s.op === "gen_ai.request" ? s.cost : s.op === "gen_ai.invoke_agent" ? s.sum : null;
	const label = html`${duration(s.duration / 1e9)}${cost != null && html`  <b>${s.op === "gen_ai.invoke_agent" && s.unpriced ? "≥ " : ""}${money(cost)}</b>`}${s.retries > 0 && html`  <span class="warn">retry ${s.retries}</span>`}${s.error && html`  <span class="error">✕ ${s.error_type || "error"}</span>`}${s.exit != null && !s.error ? `  exit ${s.exit}` : ""}`;
	const place = b < 74 ? { left: `${Math.max(b, 0)}%` } : a > 26 ? { right: `${100 - Math.min(a, 100)}%` } : { right: 0, background: "color-mix(in srgb, var(--panel) 82%, transparent)", borderRadius: "3px" };
	const crit = critical?.has(s.id);
	return html`${s.inferred ? html`<i class=${cls("wf-bar inf", crit && "crit")} style=${{ ...style, borderColor: color }}></i>`
		: first != null ? html`<i class=${cls("wf-bar wait", crit && "crit")} style=${{ ...style, width: `${Math.max(0, first - left)}%` }}></i>
			<i class=${cls("wf-bar", crit && "crit")} style=${{ left: `${Math.max(first, left)}%`, width: `${Math.max(0, left + width - Math.max(first, left))}%`, background: color, borderRadius: "0 2px 2px 0" }}></i>
			<i class="wf-tick" style=${{ left: `${first}%` }} title=${`first token after ${duration(s.ttft / 1e9)}`}></i>`
		: html`<i class=${cls("wf-bar", crit && "crit")} style=${style}></i>`}
		${s.waited > 0 && html`<i class="wf-retry" style=${{ left: `${left}%`, width: `${Math.min(width, s.waited * 1e9 / span * 100)}%` }} title=${`waited ${duration(s.waited)} before this try`}></i>`}
		${gapsOf(s, end).map((g) => html`<i style=${{ position: "absolute", top: 0, height: "24px", left: `${pos(g.from)}%`, width: `${(g.to - g.from) / span * 100}%` }} title=${`${duration((g.to - g.from) / 1e9)}: ${g.what}`}></i>`)}
		<span class="wf-label" style=${place}>${label}</span>`;
}

function Row({ s, i, selected, collapsed, columns, view, critical, end, onSelect, onToggle, ticks }) {
	const [head, rest] = labelOf(s), span = view[1] - view[0];
	return html`<div class=${cls("wf-row", selected && "sel", s.error && "err")} style=${{ top: `${i * ROW}px`, gridTemplateColumns: columns }} role="row" aria-level=${s.depth + 1} aria-selected=${selected ? "true" : "false"}
		aria-expanded=${s.children.length ? (collapsed ? "false" : "true") : null} data-span=${s.id} id=${`row-${s.id}`} onClick=${() => onSelect(s)}>
		<div class="wf-name" role="gridcell" style=${{ paddingLeft: `${6 + Math.min(s.depth, 24) * 13}px` }} title=${s.inferred ? `${s.name} (inferred: ${s.inferred})` : s.name}>
			<span class="tw" onClick=${(e) => { e.stopPropagation(); onToggle(s); }}>${s.children.length ? (collapsed ? "▶" : "▼") : ""}</span><i class="op" style=${{ background: opColor(s) }}></i>
			<span class="nm">${head && html`<span class="second">${head} </span>`}<b>${rest}</b></span>${s.error && html`<span class="error" aria-label="error">✕</span>`}${collapsed && s.leaves > 1 && html`<span class="cnt">+${s.leaves - 1}</span>`}</div>
		<div class="wf-time" role="gridcell">${ticks.map((t) => html`<i class="gl" style=${{ left: `${(t - view[0]) / span * 100}%` }}></i>`)}<${Bar} s=${s} view=${view} critical=${critical} end=${end} /></div></div>`;
}

/** @param {{tree: any, rows: any[], selected: any, collapsed: Set<string>, onSelect: any, onToggle: any, onAll: any, critical: Set<string> | null, onCritical: any, scroller: any}} p */
export function Waterfall({ tree, rows, selected, collapsed, onSelect, onToggle, onAll, critical, onCritical, scroller }) {
	const [view, setView] = useState(/** @type {[number, number]} */ ([0, tree.end])), [top, setTop] = useState(0), [height, setHeight] = useState(600);
	const [share, setShare] = useState(Number(localStorage.getItem("gentap.treeshare")) || 0.38);
	const body = useRef(/** @type {HTMLElement | null} */ (null)), pan = useRef(/** @type {any} */ (null)), frame = useRef(0);
	useEffect(() => setView([0, tree.end]), [tree.end]);
	useLayoutEffect(() => {
		const el = body.current;
		if (!el)
			return;
		scroller.current = el;
		setHeight(el.clientHeight);
		const size = new ResizeObserver(() => setHeight(el.clientHeight));
		size.observe(el);
		return () => size.disconnect();
	}, []);
	const small = typeof innerWidth === "number" && innerWidth < 640, part = small ? Math.max(share, 0.44) : share;
	const columns = `${(part * 100).toFixed(2)}% minmax(0, 1fr)`, span = view[1] - view[0];
	const clampView = (a, b) => {
		const w = Math.min(tree.end, Math.max(ZOOM_MIN_NS, b - a)), from = Math.max(0, Math.min(tree.end - w, a));
		setView([from, from + w]);
	};
	const timeAt = (e) => {
		const r = e.currentTarget.getBoundingClientRect(), left = r.left + r.width * part;
		return e.clientX < left ? null : (e.clientX - left) / (r.width * (1 - part));
	};
	const wheel = (e, always) => {
		const x = always ? (e.clientX - e.currentTarget.getBoundingClientRect().left) / e.currentTarget.clientWidth : timeAt(e);
		if (x == null)
			return;
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
			e.preventDefault();
			return clampView(view[0] + e.deltaX / 800 * span, view[1] + e.deltaX / 800 * span);
		}
		if (!always && !e.ctrlKey && !e.metaKey && !e.altKey && rows.length * ROW > height)
			return;
		e.preventDefault();
		const f = Math.exp(e.deltaY * 0.0022), pivot = view[0] + x * span;
		clampView(pivot - (pivot - view[0]) * f, pivot + (view[1] - pivot) * f);
	};
	const down = (e) => {
		if (e.button || timeAt(e) == null)
			return;
		pan.current = { x: e.clientX, view, width: e.currentTarget.clientWidth * (1 - part) };
	};
	const move = (e) => {
		if (!pan.current || Math.abs(e.clientX - pan.current.x) < 4 || (pan.current.view[0] <= 0 && pan.current.view[1] >= tree.end))
			return;
		const by = (pan.current.x - e.clientX) / pan.current.width * (pan.current.view[1] - pan.current.view[0]);
		clampView(pan.current.view[0] + by, pan.current.view[1] + by);
	};
	const resize = (e) => {
		const box = e.currentTarget.parentElement.getBoundingClientRect();
		const go = (m) => {
			const s = Math.max(0.12, Math.min(0.75, (m.clientX - box.left) / box.width));
			setShare(s);
			localStorage.setItem("gentap.treeshare", String(s));
		};
		const stop = () => {
			removeEventListener("pointermove", go);
			removeEventListener("pointerup", stop);
		};
		addEventListener("pointermove", go);
		addEventListener("pointerup", stop);
		e.preventDefault();
	};
	const onScroll = (e) => {
		const y = e.currentTarget.scrollTop;
		cancelAnimationFrame(frame.current);
		frame.current = requestAnimationFrame(() => setTop(y));
	};
	const first = Math.max(0, Math.floor(top / ROW) - AROUND), last = Math.min(rows.length, Math.ceil((top + height) / ROW) + AROUND), ticks = ticksOf(view[0], view[1], small ? 4 : 8);
	return html`<div class="wf" onPointerUp=${() => (pan.current = null)} onPointerLeave=${() => (pan.current = null)}>
		<div class="wf-top" style=${{ gridTemplateColumns: columns }}><div class="wf-corner">
			<button type="button" class="icon" onClick=${() => onAll(true)} title="collapse all  [" aria-label="Collapse all"><${Icon} name="right" size=${14} /></button>
			<button type="button" class="icon" onClick=${() => onAll(false)} title="expand all  ]" aria-label="Expand all"><${Icon} name="down" size=${14} /></button>
			<button type="button" class="icon" onClick=${() => setView([0, tree.end])} title="all of it (double-click)" aria-label="Zoom to all"><${Icon} name="fit" size=${14} /></button>
			<button type="button" class="icon" onClick=${onCritical} aria-pressed=${critical ? "true" : "false"} title="what the end waited for"><span class=${critical ? "" : "second"}>critical path</span></button></div>
			<div onWheel=${(e) => wheel(e, true)}><${MiniMap} order=${tree.order} end=${tree.end} view=${view} setView=${(v) => clampView(v[0], v[1])} />
			<div class="wf-axis" aria-hidden="true">${ticks.map((t) => html`<span style=${{ left: `${(t - view[0]) / span * 100}%` }}>${duration(t / 1e9)}</span>`)}</div></div></div>
		<div class="wf-scroll" ref=${body} onScroll=${onScroll} onWheel=${(e) => wheel(e, false)} onPointerDown=${down} onPointerMove=${move} onDblClick=${() => setView([0, tree.end])}
			role="treegrid" aria-label="Spans" tabindex="0" aria-rowcount=${rows.length} aria-activedescendant=${selected ? `row-${selected.id}` : null}><div class="wf-rows" style=${{ height: `${rows.length * ROW}px` }}>
			${rows.slice(first, last).map((s, k) => html`<${Row} key=${s.id} s=${s} i=${first + k} selected=${selected?.id === s.id} collapsed=${collapsed.has(s.id)} columns=${columns} view=${view} critical=${critical} end=${tree.end} onSelect=${onSelect} onToggle=${onToggle} ticks=${ticks} />`)}</div></div>
		<div class="wf-handle" role="separator" aria-orientation="vertical" aria-label="Width of the tree" aria-valuenow=${Math.round(part * 100)} tabindex="0" style=${{ left: `${part * 100}%` }} onPointerDown=${resize}
			onKeyDown=${(e) => (e.key === "ArrowLeft" || e.key === "ArrowRight") && setShare(Math.max(0.12, Math.min(0.75, share + (e.key === "ArrowLeft" ? -0.02 : 0.02))))}></div></div>`;
}
