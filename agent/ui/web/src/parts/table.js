// SPDX-License-Identifier: Apache-2.0
// Rows and columns: sorting in the URL, a chooser for the columns beyond nine, rows that
// open in place, export, the keyboard, and only the visible rows in the document.
import { DASH } from "../format.js";
import { Icon } from "../icons.js";
import { useKeys } from "../keys.js";
import { cls, html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { params, set } from "../url.js";
import { Copy, Pick, copyText } from "./common.js";

const SHOWN_MAX = 9, VIRTUAL_FROM = 120, ROW = 28, AROUND = 12, PHONE_PX = 620;

/**
 * @typedef {{key: string, label: string, num?: boolean, value?: (r: any) => any, draw?: (r: any, max: number) => any, bar?: boolean, error?: boolean, off?: boolean, wide?: boolean, title?: string, text?: (r: any) => string, hidden?: boolean}} Column
 */
const valueOf = (c, r) => c.value ? c.value(r) : r[c.key];

function compare(a, b) {
	if (a == null || b == null)
		return a == null ? (b == null ? 0 : -1) : 1;
	return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

const csvCell = (v) => v == null ? "" : /[",\n\r]/.test(String(v)) || /^[=+\-@]/.test(String(v)) && typeof v === "string" ? `"${(/^[=+\-@]/.test(String(v)) ? "'" : "") + String(v).replaceAll('"', '""')}"` : String(v);
function save(name, type, text) {
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([text], { type }));
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
function exported(rows, columns, kind) {
	const names = columns.map((c) => c.key), cells = rows.map((r) => columns.map((c) => valueOf(c, r) ?? null));
	if (kind === "csv")
		return [names.join(","), ...cells.map((r) => r.map(csvCell).join(","))].join("\r\n") + "\r\n";
	if (kind === "json")
		return JSON.stringify(cells.map((r) => Object.fromEntries(r.map((v, i) => [names[i], v]))), null, 2) + "\n";
	const text = (v) => v == null ? DASH : String(v).replaceAll("|", "\\|").replaceAll("\n", " ");
	const shown = rows.map((r) => columns.map((c) => text(c.text ? c.text(r) : valueOf(c, r))));
	return [`| ${columns.map((c) => c.label).join(" | ")} |`, `|${columns.map((c) => c.num ? "---:" : "---").join("|")}|`, ...shown.map((r) => `| ${r.join(" | ")} |`)].join("\n") + "\n";
}

/** What a full bar stands for: the largest value, unless one outlier would leave the others no length. */
export function scaleOf(values) {
	const sorted = [...values].sort((a, b) => a - b), most = sorted.at(-1) || 0, usual = sorted[Math.floor(sorted.length * 0.9)] || 0;
	return values.length >= 10 && most > 4 * usual && usual > 0 ? usual * 1.25 : most;
}

/** A cell with a bar within its column; one that is longer than the column ends in a cut. */
export const InBar = ({ share, text, error, inside }) => html`<span class="inbar"><span class="track">${inside || (share != null && html`<i class=${cls(error && "error", share > 1 && "over")} style=${{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }}></i>`)}</span><span>${text}</span></span>`;

/**
 * @param {{name: string, columns: Column[], rows: any[], id: (r: any) => string, sort?: string, onOpen?: (r: any) => void, inside?: (r: any) => any, open?: string | null, stale?: boolean, foot?: any, copyId?: (r: any) => string, empty?: any, keys?: boolean}} p
 */
export function Table({ name, columns, rows, id, sort = "", onOpen, inside, stale, foot, copyId, empty, keys = true }) {
	const [hidden, setHidden] = useState(() => {
		const mine = localStorage.getItem(`gentap.cols.${name}`);
		return mine ? mine.split(",") : columns.filter((c, i) => c.off || i >= SHOWN_MAX || (c.wide && innerWidth <= PHONE_PX)).map((c) => c.key);
	});
	const [sel, setSel] = useState(-1), [scroll, setScroll] = useState(0), [height, setHeight] = useState(700);
	const wrap = useRef(/** @type {HTMLElement | null} */ (null));
	const q = params(), key = `sort.${name}`, order = q.get(key) || sort, open = q.get(`open.${name}`);
	const shown = columns.filter((c) => !hidden.includes(c.key));
	const sorted = useMemo(() => {
		const by = columns.find((c) => c.key === order.replace(/^-/, ""));
		if (!by)
			return rows;
		const sign = order.startsWith("-") ? -1 : 1;
		/* What is unknown stands last, whichever way. */
		return [...rows].sort((a, b) => {
			const x = valueOf(by, a), y = valueOf(by, b);
			return x == null || y == null ? (x == null ? 1 : 0) - (y == null ? 1 : 0) : sign * compare(x, y);
		});
	}, [rows, order, columns]);
	const maxima = useMemo(() => Object.fromEntries(columns.filter((c) => c.bar).map((c) => [c.key, scaleOf(rows.map((r) => valueOf(c, r) || 0))])), [rows, columns]);
	const virtual = rows.length > VIRTUAL_FROM && !open;
	const first = virtual ? Math.max(0, Math.floor(scroll / ROW) - AROUND) : 0;
	const last = virtual ? Math.min(sorted.length, Math.ceil((scroll + height) / ROW) + AROUND) : sorted.length;

	useEffect(() => {
		if (virtual && wrap.current)
			setHeight(wrap.current.clientHeight);
	}, [virtual]);
	const activate = (r) => onOpen ? onOpen(r) : inside && set({ [`open.${name}`]: open === id(r) ? null : id(r) });
	const move = (by) => {
		const to = Math.max(0, Math.min(sorted.length - 1, sel + by));
		setSel(to);
		if (virtual && wrap.current)
			wrap.current.scrollTop = Math.max(0, to * ROW - wrap.current.clientHeight / 2);
		else
			setTimeout(() => wrap.current?.querySelector("tr[aria-selected=true]")?.scrollIntoView({ block: "nearest" }));
	};
	useKeys(keys ? {
		j: () => sorted.length > 0 && move(1), k: () => sorted.length > 0 && move(-1),
		Enter: () => sel >= 0 && sel < sorted.length ? activate(sorted[sel]) : false,
		Escape: () => open ? set({ [`open.${name}`]: null }) : sel >= 0 ? setSel(-1) : false,
		c: () => sel >= 0 && sorted[sel] ? copyText((copyId || id)(sorted[sel]), "Id copied") : false,
		y: () => sorted.length > 0 && copyText(exported(sorted, shown, "md"), "Table copied as Markdown"),
	} : {});
	if (!rows.length && empty)
		return empty;
	const sortBy = (c) => set({ [key]: order === `-${c.key}` ? c.key : order === c.key || !c.num ? (order === c.key ? `-${c.key}` : c.key) : `-${c.key}` }, { replace: true });
	const choose = (c) => {
		const h = hidden.includes(c.key) ? hidden.filter((k) => k !== c.key) : [...hidden, c.key];
		setHidden(h);
		localStorage.setItem(`gentap.cols.${name}`, h.join(","));
	};
	const drawRow = (r, i) => {
		const isOpen = open != null && open === id(r);
		return html`<tr key=${id(r)} class=${cls((onOpen || inside) && "go", isOpen && "open")} aria-selected=${i === sel ? "true" : "false"} data-id=${id(r)}
			onClick=${(e) => !(e.target.closest("a, button")) && !String(getSelection()) && activate(r)}>
			${shown.map((c, n) => {
				const v = valueOf(c, r), body = c.draw ? c.draw(r, maxima[c.key]) : v == null || v === "" ? html`<span class="third">${DASH}</span>` : v;
				return html`<td class=${c.num ? "n" : ""} data-col=${c.key} data-v=${typeof v === "object" ? null : v}>${n === 0 && inside ? html`<span class="name"><button type="button" class="expander" aria-expanded=${isOpen ? "true" : "false"} aria-label=${`details of ${v}`} onClick=${() => activate(r)}><${Icon} name=${isOpen ? "down" : "right"} size=${12} /></button>${body}</span>` : body}</td>`;
			})}</tr>${isOpen && inside && html`<tr class="inside"><td colspan=${shown.length}><div class="inside-body">${inside(r)}</div></td></tr>`}`;
	};
	return html`<div class=${stale ? "stale" : ""}>
		<div class=${cls("tablewrap", virtual && "virtual")} ref=${wrap} onScroll=${virtual ? (e) => setScroll(e.currentTarget.scrollTop) : null} tabindex="0" role="region" aria-label=${`${name} table`}>
		<table class="data"><thead><tr>${shown.map((c) => html`<th scope="col" class=${c.num ? "n" : ""} title=${c.title}
			aria-sort=${order === c.key ? "ascending" : order === `-${c.key}` ? "descending" : null}><button type="button" onClick=${() => sortBy(c)}>${c.hidden ? html`<span class="sr">${c.label}</span>` : c.label}${order.replace(/^-/, "") === c.key && html`<${Icon} name=${order.startsWith("-") ? "down" : "up"} size=${12} />`}</button></th>`)}</tr></thead>
		<tbody>${virtual && first > 0 && html`<tr aria-hidden="true"><td colspan=${shown.length} style=${{ height: `${first * ROW}px`, padding: 0, border: 0 }}></td></tr>`}
		${sorted.slice(first, last).map((r, i) => drawRow(r, first + i))}
		${virtual && last < sorted.length && html`<tr aria-hidden="true"><td colspan=${shown.length} style=${{ height: `${(sorted.length - last) * ROW}px`, padding: 0, border: 0 }}></td></tr>`}</tbody></table></div>
		<div class="tablefoot"><span class="num">${foot || `${rows.length} ${rows.length === 1 ? "row" : "rows"}`}</span><span class="grow"></span>
			<${Pick} end name=${`Columns of ${name}`} kind="icon" label=${html`<${Icon} name="cols" size=${14} /> Columns`}>${() => columns.map((c) => html`<button type="button" class="item" role="menuitemcheckbox" aria-checked=${hidden.includes(c.key) ? "false" : "true"} onClick=${() => choose(c)}><span style=${{ width: "14px" }}>${!hidden.includes(c.key) && html`<${Icon} name="check" size=${12} />`}</span>${c.label}</button>`)}</${Pick}>
			<${Pick} end name=${`Export ${name}`} kind="icon" label=${html`<${Icon} name="copy" size=${14} /> Export`}>${(close) => [["csv", "CSV file", "text/csv"], ["json", "JSON file", "application/json"], ["md", "Copy as Markdown", ""]].map(([kind, label, type]) => html`<button type="button" class="item" onClick=${() => {
				kind === "md" ? copyText(exported(sorted, shown, "md"), "Table copied as Markdown") : save(`gentap-${name}.${kind}`, type, exported(sorted, columns, kind));
				close();
			}}>${label}</button>`)}</${Pick}></div></div>`;
}
export { Copy };
