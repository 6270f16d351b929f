// SPDX-License-Identifier: Apache-2.0
// Boards of widgets; a widget is a query line as on the command line, and how to draw it.
import { put, remove, url, useGet } from "../api.js";
import { colorOf } from "../colors.js";
import { DASH, value as shown } from "../format.js";
import { Icon } from "../icons.js";
import { Bars } from "../parts/charts.js";
import { Heat } from "../parts/heat.js";
import { Chart } from "../parts/chart.js";
import { Command, Copy, Dialog, Empty, Panel, ProblemBox, copyText, toast } from "../parts/common.js";
import { cls, html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { go, href } from "../url.js";
import { PIECE_NAMES, Piece } from "./pieces.js";

const KINDS = ["line", "stacked", "bar", "table", "big", "heatmap", "part"], COLS = 12, ROW_PX = 76;
const lineUrl = (w, scope) => url("line", { q: w.kind === "line" || w.kind === "stacked" || w.kind === "heatmap" ? `${w.query}${/--display/.test(w.query) ? "" : " --display line"}` : w.query.replace(/--display\s+\S+/, ""),
	where: scope.where, from: Math.round(scope.from), to: Math.round(scope.to), stack: w.kind === "stacked" ? 1 : null });
const familyOf = (query) => (/--group-by[ =]'?(\w+)/.exec(query) || [])[1] || "model";

/** Of a sum: how many spans do not tell the value. */
const lower = (data, row, i, groups) => i >= groups && data.columns[i].name.startsWith("sum:") ? data.unknown?.[row]?.[i - groups] || 0 : 0;

function Drawn({ w, data }) {
	const family = familyOf(w.query);
	if (data.series) {
		const series = data.series.map((s) => ({ name: String(s.name ?? "not known"), values: s.values, top: s.stacked, color: colorOf(s.name, family) }));
		if (w.kind === "heatmap")
			return html`<${Heat} x=${data.x} interval=${data.interval} rows=${data.series.map((s) => ({ from: 0, to: s.name ?? "not known", values: s.values.map((v) => v || 0) }))} label=${(r) => String(r.to)} axis=${(r) => String(r.to)} />`;
		return series.length ? html`<${Chart} name=${w.title} x=${data.x.map((ms) => ms / 1000)} series=${series} unit=${data.unit} stack=${w.kind === "stacked"} legend=${w.h > 3} />` : html`<div class="third">Nothing in this time</div>`;
	}
	const groups = data.columns.filter((c) => !c.aggregate).length;
	if (w.kind === "big") {
		const last = data.columns.at(-1), v = data.rows[0]?.at(-1);
		return html`<div class="big">${data.unknown?.[0]?.at(-1) > 0 ? "≥ " : ""}${v == null ? DASH : shown(v, last.unit)}</div><div class="second">${last.name}</div>`;
	}
	if (w.kind === "bar" && data.columns.length > groups)
		return html`<${Bars} family=${family} unit=${data.columns[groups].unit} data=${data.rows.slice(0, 20).map((r) => [groups > 1 ? r.slice(0, groups).join(" / ") : groups ? r[0] : data.columns[groups].name, r[groups]])} />`;
	return html`<table class="data"><thead><tr>${data.columns.map((c) => html`<th scope="col" class=${c.aggregate ? "n" : ""}>${c.name}</th>`)}</tr></thead><tbody>${data.rows.slice(0, 200).map((r, n) => html`<tr>${r.map((v, i) => html`<td class=${data.columns[i].aggregate ? "n" : ""}>${v == null ? html`<span class="third">${DASH}</span>` : lower(data, n, i, groups) ? html`<span class="atleast" title=${`${lower(data, n, i, groups)} do not tell it`}>≥ ${shown(v, data.columns[i].unit)}</span>` : shown(v, data.columns[i].unit)}</td>`)}</tr>`)}</tbody></table>`;
}

/** A page that is a dashboard file: its widgets at their natural height. */
export function PageBoard({ name, scope, bare }) {
	const a = useGet(url(`dashboards/${name}`));
	const title = a.data?.title || "", change = html`<a class="btn small" href=${href(`/dashboards/${name}`)} title="This page is a dashboard: copy or change it">Edit</a>`;
	return html`${bare ? html`<h1 class="sr">${title}</h1>` : html`<h1>${title}<span class="grow"></span>${change}</h1>`}${a.error ? html`<${Panel} error=${a.error} title="Dashboard" />`
		: html`<div class="board auto">${(a.data?.widgets || []).map((w, i) => html`<${Widget} key=${i} w=${w} scope=${scope} />`)}</div>`}${bare && html`<div class="right">${change}</div>`}`;
}

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
/** Those in the way of widget i go down, and those in their way. */
function settled(widgets, i) {
	const placed = [widgets[i]], to = new Map([[widgets[i], widgets[i]]]);
	for (const w of widgets.filter((_, k) => k !== i).sort((a, b) => a.y - b.y)) {
		let at = w;
		for (let other; (other = placed.find((p) => overlap(p, at)));)
			at = { ...at, y: other.y + other.h };
		placed.push(at);
		to.set(w, at);
	}
	return widgets.map((w) => to.get(w));
}

/** @param {{w: any, scope: any, edit?: boolean, onEdit?: any, onRemove?: any, onMove?: any, onSize?: any, onHold?: any}} p */
function Widget({ w, scope, edit, onEdit, onRemove, onMove, onSize, onHold }) {
	const part = w.kind === "part", a = useGet(part ? null : lineUrl(w, scope)), [moving, setMoving] = useState(false), box = useRef(/** @type {HTMLElement | null} */ (null));
	const drag = (e, what) => {
		if (!edit || e.button || e.target.closest("button"))
			return;
		e.preventDefault();
		const board = box.current?.parentElement?.getBoundingClientRect(), unit = (board?.width || 1200) / COLS, x0 = e.clientX, y0 = e.clientY;
		setMoving(true);
		onHold(true);
		const move = (m) => (what === "size" ? onSize : onMove)(Math.round((m.clientX - x0) / unit), Math.round((m.clientY - y0) / ROW_PX), w);
		const stop = () => {
			setMoving(false);
			onHold(false);
			removeEventListener("pointermove", move);
			removeEventListener("pointerup", stop);
		};
		addEventListener("pointermove", move);
		addEventListener("pointerup", stop);
	};
	const key = (e) => {
		const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
		if (!edit || !by || e.target !== box.current)
			return;
		e.preventDefault();
		(e.shiftKey ? onSize : onMove)(by[0], by[1], w);
	};
	if (part && !edit)
		return html`<div class="part" style=${{ gridColumn: `${w.x + 1} / span ${w.w}`, gridRow: `${w.y + 1} / span ${w.h}` }}><${Piece} query=${w.query} scope=${scope} /></div>`;
	return html`<section class=${cls("panel widget", moving && "moving", a.stale && "stale")} ref=${box} tabindex=${edit ? 0 : null} onKeyDown=${key} aria-label=${edit ? `${w.title}: arrows move, Shift and arrows resize` : w.title}
		style=${{ gridColumn: `${w.x + 1} / span ${w.w}`, gridRow: `${w.y + 1} / span ${w.h}`, minHeight: `${w.h * 64}px` }}>
		<header onPointerDown=${(e) => drag(e, "move")}><h2 class="clip" style=${{ flex: "1" }}>${w.title || w.query}</h2>${edit ? html`<button type="button" class="icon" onClick=${onEdit} aria-label=${`Edit ${w.title}`}><${Icon} name="edit" size=${14} /></button><button type="button" class="icon" onClick=${onRemove} aria-label=${`Remove ${w.title}`}><${Icon} name="trash" size=${14} /></button>`
			: html`<button type="button" class="copy" title=${w.query} onClick=${() => copyText(`gentap query ${w.query}`, "Query copied")}>query</button>`}</header>
		<div class="body" style=${{ padding: w.kind === "table" ? 0 : "12px" }}>${part ? html`<${Piece} query=${w.query} scope=${scope} />` : a.error ? html`<${ProblemBox} error=${a.error} text=${w.query} />` : a.data && html`<${Drawn} w=${w} data=${a.data} />`}</div>${edit && html`<span class="size" onPointerDown=${(e) => drag(e, "size")}></span>`}</section>`;
}

/** The query line as on the command line, with its drawing below, live. */
function Editor({ w, scope, onSave, onClose }) {
	const [now, setNow] = useState(w), [asked, setAsked] = useState(w), a = useGet(asked.query.trim() && asked.kind !== "part" ? lineUrl(asked, scope) : null);
	useEffect(() => {
		const t = setTimeout(() => setAsked(now), 300);
		return () => clearTimeout(t);
	}, [now]);
	const field = (k) => (e) => setNow({ ...now, [k]: e.currentTarget.value });
	return html`<${Dialog} title=${w.title ? "Edit the widget" : "A new widget"} onClose=${onClose}><form class="editor" onSubmit=${(e) => { e.preventDefault(); if (!a.error) onSave(now); }}>
		<label>Title<input class="text" value=${now.title} onInput=${field("title")} /></label>
		<label>${now.kind === "part" ? html`Which part: ${PIECE_NAMES.join(", ")}` : html`Query, as after <code>gentap query</code>`}<textarea class="text" rows="3" value=${now.query} onInput=${field("query")} spellcheck="false" aria-invalid=${a.error ? "true" : null} placeholder="sum:gentap.cost.total --where 'span.op:gen_ai.request' --group-by model"></textarea></label>
		<label>Drawn as<select class="text" value=${now.kind} onChange=${field("kind")}>${KINDS.map((k) => html`<option value=${k} selected=${k === now.kind}>${k}</option>`)}</select></label>
		<div class="panel" style=${{ minHeight: "180px", padding: "12px", overflow: "auto", maxHeight: "320px" }}>${asked.kind === "part" ? html`<${Piece} query=${asked.query} scope=${scope} />` : a.error ? html`<${ProblemBox} error=${a.error} text=${asked.query} />` : a.data ? html`<${Drawn} w=${{ ...asked, h: 3 }} data=${a.data} />` : html`<span class="third">The drawing appears here</span>`}</div>
		<div class="row"><span class="grow"></span><button type="button" class="btn" onClick=${onClose}>Cancel</button><button class="btn primary" disabled=${!!a.error || !now.query.trim()}>Keep</button></div></form></${Dialog}>`;
}

export function Board({ name, scope }) {
	const a = useGet(url(`dashboards/${name}`)), list = useGet(url("dashboards")).data, own = list?.dashboards.find((d) => d.name === name)?.own;
	const [draft, setDraft] = useState(/** @type {any} */ (null)), [editing, setEditing] = useState(-1), [json, setJson] = useState(/** @type {string | null} */ (null));
	const board = draft || a.data, edit = !!draft;
	const change = (i, to) => setDraft((d) => ({ ...d, widgets: d.widgets.map((w, k) => k === i ? { ...w, ...to } : w) }));
	const save = async (b = draft) => {
		try {
			await put(`dashboards/${name}`, b);
			setDraft(null);
			location.reload();
		} catch (e) {
			toast(e.message);
		}
	};
	const copy = async () => {
		const to = `${name}-copy`.slice(0, 64);
		try {
			await put(`dashboards/${to}`, { ...board, title: `${board.title} (copy)` });
			go(href(`/dashboards/${to}`));
		} catch (e) {
			toast(e.message);
		}
	};
	const drop = async () => {
		try {
			await remove(`dashboards/${name}`);
			go(href("/dashboards"));
		} catch (e) {
			toast(e.message);
		}
	};
	const held = useRef(/** @type {any[] | null} */ (null));
	if (a.error)
		return html`<${Panel} error=${a.error} title="Dashboard" />`;
	if (!board)
		return html`<h1>Dashboard</h1>`;
	/* From where all stood when the drag began, or stand now: what made room comes back. */
	const place = (i, to) => setDraft((d) => ({ ...d, widgets: settled((held.current || d.widgets).map((w, k) => k === i ? { ...w, ...to } : w), i) }));
	const move = (i) => (dx, dy, w) => place(i, { x: Math.max(0, Math.min(COLS - w.w, w.x + dx)), y: Math.max(0, w.y + dy) });
	const size = (i) => (dx, dy, w) => place(i, { w: Math.max(2, Math.min(COLS - w.x, w.w + dx)), h: Math.max(2, Math.min(30, w.h + dy)) });
	return html`<h1><a href=${href("/dashboards")}>Dashboards</a> <span class="third">/</span> ${edit ? html`<input class="text" aria-label="Title" value=${board.title} onInput=${(e) => setDraft({ ...draft, title: e.currentTarget.value })} />` : board.title}<span class="grow"></span>
		${edit ? html`<button type="button" class="btn small" onClick=${() => { setDraft({ ...draft, widgets: [...draft.widgets, { title: "", kind: "line", query: "count --group-by model", x: 0, y: Math.max(0, ...draft.widgets.map((w) => w.y + w.h)), w: 6, h: 4 }] }); setEditing(draft.widgets.length); }}><${Icon} name="plus" size=${12} /> widget</button>
			<button type="button" class="btn small" onClick=${() => setJson(JSON.stringify(draft, null, 2))}>JSON</button><button type="button" class="btn small" onClick=${() => setDraft(null)}>Discard</button><button type="button" class="btn small primary" onClick=${() => save()}>Save</button>`
			: html`<${Copy} text=${JSON.stringify(board, null, 2)} label="Copy JSON" />${list?.writable && html`<button type="button" class="btn small" onClick=${copy}>Duplicate</button>${own && html`<button type="button" class="btn small" onClick=${drop}>Delete</button>`}<button type="button" class="btn small" onClick=${() => setDraft(structuredClone(a.data))}><${Icon} name="edit" size=${12} /> Edit</button>`}`}</h1>
		<div class=${cls("board", edit && "edit", board.widgets.some((w) => w.kind === "part") && "auto")}>${board.widgets.map((w, i) => html`<${Widget} key=${i} w=${w} scope=${scope} edit=${edit} onEdit=${() => setEditing(i)} onRemove=${() => setDraft({ ...draft, widgets: draft.widgets.filter((_, k) => k !== i) })} onMove=${move(i)} onSize=${size(i)} onHold=${(yes) => (held.current = yes ? board.widgets : null)} />`)}</div>
		${edit && editing >= 0 && board.widgets[editing] && html`<${Editor} w=${board.widgets[editing]} scope=${scope} onClose=${() => setEditing(-1)} onSave=${(w) => { change(editing, w); setEditing(-1); }} />`}
		${json != null && html`<${Dialog} title="The dashboard as JSON" onClose=${() => setJson(null)}><form class="editor" onSubmit=${(e) => {
			e.preventDefault();
			try {
				setDraft(JSON.parse(json));
				setJson(null);
			} catch (x) {
				toast(x.message);
			}
		}}><textarea class="text" rows="20" aria-label="JSON" value=${json} onInput=${(e) => setJson(e.currentTarget.value)} spellcheck="false"></textarea><div class="row"><span class="grow"></span><button class="btn primary">Use it</button></div></form></${Dialog}>`}`;
}

export function Dashboards() {
	const { data, error } = useGet(url("dashboards")), [name, setName] = useState("");
	const file = useRef(/** @type {HTMLInputElement | null} */ (null)), clean = useMemo(() => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 64), [name]);
	const create = async (e) => {
		e.preventDefault();
		try {
			await put(`dashboards/${clean}`, { title: name, widgets: [] });
			go(href(`/dashboards/${clean}`));
		} catch (x) {
			toast(x.message);
		}
	};
	const take = async (e) => {
		const f = e.currentTarget.files?.[0];
		try {
			const to = f.name.replace(/\.json$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 64);
			await put(`dashboards/${to}`, JSON.parse(await f.text()));
			go(href(`/dashboards/${to}`));
		} catch (x) {
			toast(x.message);
		}
	};
	return html`<h1>Dashboards</h1>${error ? html`<${Panel} error=${error} title="Dashboards" />` : html`<div class="cards">${(data?.dashboards || []).map((d) => html`<a class="panel" style=${{ color: "var(--text)", padding: "12px" }} href=${href(`/dashboards/${d.name}`)}><h2>${d.title}</h2><p class="second">${d.widgets} widgets · ${d.own ? html`<span class="mono">${d.name}.json</span>` : "comes with gentap"}</p></a>`)}</div>
		${data && (data.writable ? html`<form class="row make" onSubmit=${create}><input class="text grow" placeholder="Name of a new dashboard" aria-label="Name of a new dashboard" value=${name} onInput=${(e) => setName(e.currentTarget.value)} /><button class="btn primary" disabled=${!clean}>Create</button><button type="button" class="btn" onClick=${() => file.current?.click()}>Import a file</button><input type="file" accept="application/json" ref=${file} onChange=${take} hidden aria-label="Dashboard file" /></form>
			<p class="second">Or from a terminal; the page shows it at once:</p><${Command}>gentap dashboard create spend 'What we spend'</${Command}><${Command}>gentap dashboard add spend bar 'Cost by user' "sum:gentap.cost.total --group-by user"</${Command}>`
			: html`<${Empty} title="Dashboards cannot be kept here"><p>This page was started without a folder for them. <code>gentap run --ui</code> and <code>gentap ui</code> have one.</p></${Empty}>`)}`}`;
}
