// SPDX-License-Identifier: Apache-2.0
// Small parts that every page uses.
import { DASH, money, moneyFull, whole } from "../format.js";
import { Icon } from "../icons.js";
import { TOKEN_KINDS, opColor } from "../colors.js";
import { cls, html, useEffect, useRef, useState } from "../ui.js";

let toastTimer = 0;
export function toast(text) {
	let el = document.querySelector(".toast");
	if (!el) {
		el = document.createElement("div");
		el.className = "toast";
		el.setAttribute("role", "status");
		document.body.append(el);
	}
	el.textContent = text;
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => el?.remove(), 1800);
}

export async function copyText(text, what = "Copied") {
	try {
		await navigator.clipboard.writeText(text);
		toast(what);
	} catch {
		toast("The browser does not let this page write to the clipboard");
	}
}

export const Copy = ({ text, label = "Copy" }) => html`<button class="copy" type="button" onClick=${(e) => { e.stopPropagation(); copyText(text); }}>${label}</button>`;
export const Command = ({ children }) => html`<span class="cmd"><code>${children}</code><${Copy} text=${String(children)} /></span>`;

/** @param {{title: any, children?: any, ok?: boolean}} p */
export const Empty = ({ title, children, ok = false }) => html`<div class=${cls("empty", ok && "ok")}><h2>${title}</h2>${children}</div>`;

/** What makes data appear, when nothing has ever been stored. */
export const Teach = ({ what = "Nothing was seen in this time" }) => html`<${Empty} title=${what}>
	<p>Widen the time range, take a filter away, or make a first call. gentap sees any program, unmodified:</p>
	<${Command}>sudo gentap exec -- python3 agent.py</${Command}>
	<p>No agent at hand? This shows the page with an hour of example data:</p>
	<${Command}>gentap demo</${Command}></${Empty}>`;

export function ProblemBox({ error, text }) {
	const at = error.at, word = error.word || "";
	return html`<div class="problem" role="alert"><${Icon} name="warn" /><div>${error.message}
		${text != null && at != null && html`<code class="mono">${text.slice(0, at)}<mark>${text.slice(at, at + Math.max(1, word.length))}</mark>${text.slice(at + Math.max(1, word.length))}</code>`}</div></div>`;
}

/** @param {{title: any, right?: any, children?: any, stale?: boolean, error?: any, flush?: boolean, id?: string, level?: string}} p */
export function Panel({ title, right, children, stale, error, flush, id }) {
	return html`<section class=${cls("panel", stale && "stale")} id=${id} aria-label=${typeof title === "string" ? title : null}>
		${title && html`<header><h2>${title}</h2><span class="grow"></span>${right}</header>`}
		${error ? html`<${ProblemBox} error=${error} />` : html`<div class=${flush ? "" : "body"}>${children}</div>`}</section>`;
}

const calls_ = (n) => n === 1 ? "1 call" : `${whole(n)} calls`;
const refusedOnes = (n) => n > 0 ? `${calls_(n)} refused by the provider: nothing to pay` : "";

/** A sum of money with its unknown parts told, and what was refused. @param {{value: any, unknown?: any, calls?: any, refused?: any}} p */
export function Cost({ value, unknown, calls, refused = 0 }) {
	if (value == null)
		return html`<span class="third" title=${[unknown > 0 ? `${calls_(unknown)}, none with a price` : refused > 0 ? "" : "no price is known", refusedOnes(refused)].filter(Boolean).join("\n")}>${DASH}</span>`;
	const more = refused > 0 ? `\n${refusedOnes(refused)}` : "";
	if (unknown > 0)
		return html`<span class="num atleast" title=${`${whole(unknown)}${calls ? ` of ${whole(calls)}` : ""} calls have no price; the others: ${moneyFull(value)}${more}`}>≥ ${money(value)}</span>`;
	return html`<span class="num" title=${`${moneyFull(value)}, estimated at list price${more}`}>${money(value)}</span>`;
}

/** Tokens by kind as one small bar; input is what was neither cached nor written, output what was not reasoning. */
export function tokenParts(t) {
	const cached = t.cached || 0, write = t.cache_write || 0, reasoning = t.reasoning || 0;
	return { cached, cache_write: write, input: Math.max(0, (t.input || 0) - cached - write), output: Math.max(0, (t.output || 0) - reasoning), reasoning };
}
export function TokenBar({ t, max, width = 64 }) {
	const p = tokenParts(t), sum = TOKEN_KINDS.reduce((a, k) => a + p[k.key], 0);
	if (!sum)
		return null;
	const scale = max ? Math.min(1, sum / max) : 1;
	return html`<span class=${cls("mini", max && sum > max && "over")} style=${{ width: `${width}px`, minWidth: 0 }} role="img"
		aria-label=${TOKEN_KINDS.map((k) => `${k.label} ${whole(p[k.key])}`).join(", ")} title=${TOKEN_KINDS.map((k) => `${k.label} ${whole(p[k.key])}`).join("\n")}>
		${TOKEN_KINDS.map((k) => p[k.key] > 0 && html`<i style=${{ width: `${p[k.key] / sum * scale * 100}%`, background: k.color }}></i>`)}</span>`;
}

const STATES = {
	ok: ["check", "good", "ok"], error: ["x", "error", "error"], running: ["right", "", "running"], stopped: ["stop", "warn", "interrupted"],
};
export function State({ state, label = true }) {
	const [icon, tone, word] = STATES[state] || STATES.ok;
	return html`<span class="state"><span class=${cls("glyph", tone)}><${Icon} name=${icon} size=${14} title=${label ? null : word} /></span>${label && word}</span>`;
}

export function Completeness({ value }) {
	if (!value || value === "full")
		return html`<span class="glyph third" title="all of it was seen"><${Icon} name="check" size=${14} title="complete" /></span>`;
	const why = value === "partial" ? "bytes of it were lost: what stands here was read, the rest is unknown" : "something in it was reconstructed";
	return html`<span class=${cls("glyph", value === "partial" && "warn")} title=${`${value}: ${why}`}><${Icon} name="part" size=${14} title=${value} /></span>`;
}

export const Op = ({ span }) => html`<i class="op" style=${{ background: opColor(span) }}></i>`;

/** A button with a menu under it. @param {{label: any, children: (close: () => void) => any, end?: boolean, name: string, open?: boolean, onOpen?: (o: boolean) => void, kind?: string}} p */
export function Pick({ label, children, end, name, open: wanted, onOpen, kind }) {
	const [own, setOwn] = useState(false), open = wanted ?? own, set = onOpen || setOwn;
	const ref = useRef(/** @type {HTMLElement | null} */ (null));
	const close = () => {
		set(false);
		/** @type {HTMLElement | null} */ (ref.current?.querySelector("button"))?.focus();
	};
	useEffect(() => {
		if (!open)
			return;
		const away = (e) => ref.current && !ref.current.contains(e.target) && set(false);
		document.addEventListener("pointerdown", away);
		/** @type {HTMLElement | null} */ (ref.current?.querySelector(".menu input, .menu [aria-checked=true], .menu .item"))?.focus();
		return () => document.removeEventListener("pointerdown", away);
	}, [open]);
	const move = (e) => {
		if (e.key === "Escape" && open) {
			e.stopPropagation();
			close();
		}
		if (e.key !== "ArrowDown" && e.key !== "ArrowUp")
			return;
		const items = /** @type {HTMLElement[]} */ ([...(ref.current?.querySelectorAll(".menu .item") || [])]);
		const i = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
		if (items.length) {
			e.preventDefault();
			items[(i + (e.key === "ArrowDown" ? 1 : items.length - 1) + (i < 0 && e.key === "ArrowUp" ? 1 : 0)) % items.length].focus();
		}
	};
	return html`<span class="pick" ref=${ref} onKeyDown=${move}>
		<button type="button" class=${kind} aria-haspopup="true" aria-expanded=${open ? "true" : "false"} aria-label=${name} onClick=${() => set(!open)}>${label}</button>
		${open && html`<div class=${cls("menu", end && "end")} role="dialog" aria-label=${name}>${children(close)}</div>`}</span>`;
}

/** @param {{options: [string, any][], value: string, onChange: (v: string) => void, name: string}} p */
export const Segmented = ({ options, value, onChange, name }) => html`<span class="seg" role="group" aria-label=${name}>
	${options.map(([key, label]) => html`<button type="button" aria-pressed=${key === value ? "true" : "false"} onClick=${() => onChange(key)}>${label}</button>`)}</span>`;

/** @param {{tabs: [string, any][], value: string, onChange: (v: string) => void, name: string}} p */
export function Tabs({ tabs, value, onChange, name }) {
	const move = (e) => {
		const i = tabs.findIndex(([k]) => k === value), to = e.key === "ArrowRight" ? i + 1 : e.key === "ArrowLeft" ? i - 1 : -1;
		if (to < 0 || to >= tabs.length)
			return;
		e.preventDefault();
		onChange(tabs[to][0]);
		e.currentTarget.querySelectorAll("[role=tab]")[to].focus();
	};
	return html`<div class="tabs" role="tablist" aria-label=${name} onKeyDown=${move}>${tabs.map(([key, label]) => html`<button type="button" role="tab"
		aria-selected=${key === value ? "true" : "false"} tabindex=${key === value ? 0 : -1} onClick=${() => onChange(key)}>${label}</button>`)}</div>`;
}

/** A dialog over the page: Esc and a click outside close it, focus stays in it. */
export function Dialog({ title, onClose, children, wide }) {
	const ref = useRef(/** @type {HTMLElement | null} */ (null));
	useEffect(() => {
		const before = /** @type {HTMLElement} */ (document.activeElement);
		/** @type {HTMLElement | null} */ (ref.current?.querySelector("input, textarea, button, a"))?.focus();
		return () => before?.focus?.();
	}, []);
	const keep = (e) => {
		if (e.key === "Escape") {
			e.stopPropagation();
			onClose();
		}
		if (e.key !== "Tab")
			return;
		const all = /** @type {HTMLElement[]} */ ([...(ref.current?.querySelectorAll("button, input, textarea, select, a[href]") || [])]);
		const edge = e.shiftKey ? all[0] : all.at(-1);
		if (document.activeElement === edge) {
			e.preventDefault();
			(e.shiftKey ? all.at(-1) : all[0])?.focus();
		}
	};
	return html`<div class="veil" onPointerDown=${(e) => e.target === e.currentTarget && onClose()} onKeyDown=${keep}>
		<div class=${cls("dialog", wide && "wide")} role="dialog" aria-modal="true" aria-label=${title} ref=${ref}>
			<header><h2>${title}</h2><span class="grow"></span><button type="button" class="icon" onClick=${onClose} aria-label="Close"><${Icon} name="x" /></button></header>
			<div class="body">${children}</div></div></div>`;
}
