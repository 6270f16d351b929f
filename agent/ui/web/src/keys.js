// SPDX-License-Identifier: Apache-2.0
// The keyboard: the innermost part that knows a key gets it. "g o" is two keys in a row.
import { useEffect, useRef } from "./ui.js";

/** @type {{current: Record<string, (e: KeyboardEvent) => any>}[]} */
const layers = [];
let first = "", firstAt = 0;

function pressed(e) {
	const t = /** @type {HTMLElement} */ (e.target);
	const typing = t.matches?.("input, textarea, select, [contenteditable]");
	let key = e.key;
	if ((e.metaKey || e.ctrlKey) && key.toLowerCase() === "k")
		key = "mod+k";
	else if (e.metaKey || e.ctrlKey || e.altKey)
		return;
	else if (typing && key !== "Escape")
		return;
	else if ((key === "Enter" || key === " ") && t.matches?.("button, a, summary, [role=tab], [role=option]"))
		return;
	const two = first && performance.now() - firstAt < 1000 ? `${first} ${key}` : "";
	for (const candidate of [two, key]) {
		for (let i = layers.length - 1; candidate && i >= 0; i--) {
			const f = layers[i].current[candidate];
			if (f && f(e) !== false) {
				e.preventDefault();
				first = "";
				return;
			}
		}
	}
	first = key === "g" ? key : "";
	firstAt = performance.now();
}
addEventListener("keydown", pressed);

/** @param {Record<string, (e: KeyboardEvent) => any>} map */
export function useKeys(map) {
	const ref = useRef(map);
	ref.current = map;
	useEffect(() => {
		layers.push(ref);
		return () => void layers.splice(layers.indexOf(ref), 1);
	}, []);
}

export const KEYS = [
	["g o", "Overview"], ["g r", "Runs"], ["g m", "Models"], ["g t", "Tools"], ["g p", "People"], ["g c", "Coverage"], ["g d", "Dashboards"],
	["g s", "Sessions"], ["g b", "Budgets"], ["j / k", "next, previous row"], ["Enter", "open the row"], ["Esc", "close, go back"], ["h / l", "collapse, expand"],
	["[ / ]", "collapse, expand all"], ["n / N", "next, previous error"], ["f", "add a filter"], ["b", "breakdown"], ["r", "time range"], ["L", "live on or off"],
	["$", "cost or tokens"], ["c", "copy the id"], ["y", "copy as Markdown"], ["⌘K or /", "search, ask"], ["?", "these keys"],
];
