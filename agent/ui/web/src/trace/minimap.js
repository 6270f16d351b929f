// SPDX-License-Identifier: Apache-2.0
// The whole trace in 40 px, with the part that is shown.
import { opColor, resolved } from "../colors.js";
import { html, useEffect, useRef } from "../ui.js";

export function MiniMap({ order, end, view, setView }) {
	const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null)), drag = useRef(/** @type {any} */ (null));
	useEffect(() => {
		const el = canvas.current;
		if (!el)
			return;
		const draw = () => {
			const w = el.clientWidth, h = el.clientHeight, scale = devicePixelRatio || 1;
			el.width = w * scale;
			el.height = h * scale;
			const g = /** @type {CanvasRenderingContext2D} */ (el.getContext("2d"));
			g.scale(scale, scale);
			g.clearRect(0, 0, w, h);
			const colors = new Map(), row = Math.max(0.5, Math.min(4, (h - 6) / order.length)), error = resolved("var(--error)");
			order.forEach((s, i) => {
				const c = opColor(s);
				if (!colors.has(c))
					colors.set(c, resolved(c));
				g.fillStyle = s.error ? error : colors.get(c);
				const y = 3 + i * (h - 6) / order.length;
				g.fillRect(s.start / end * w, y, Math.max(1, s.duration / end * w), Math.max(0.75, row * 0.8));
			});
		};
		draw();
		const size = new ResizeObserver(draw), theme = new MutationObserver(draw);
		size.observe(el);
		theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
		return () => {
			size.disconnect();
			theme.disconnect();
		};
	}, [order, end]);
	const at = (e) => {
		const r = e.currentTarget.getBoundingClientRect();
		return Math.max(0, Math.min(1, (e.clientX - r.left) / r.width)) * end;
	};
	const down = (e) => {
		e.currentTarget.setPointerCapture(e.pointerId);
		drag.current = { from: at(e) };
	};
	const move = (e) => {
		if (!drag.current)
			return;
		const a = drag.current.from, b = at(e);
		if (Math.abs(b - a) > end * 0.004)
			setView([Math.min(a, b), Math.max(a, b)]);
	};
	const up = (e) => {
		if (drag.current && Math.abs(at(e) - drag.current.from) <= end * 0.004) {
			const half = (view[1] - view[0]) / 2, mid = Math.max(half, Math.min(end - half, at(e)));
			setView([mid - half, mid + half]);
		}
		drag.current = null;
	};
	const whole = view[0] <= 0 && view[1] >= end;
	return html`<div class="wf-map" onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onDblClick=${() => setView([0, end])} title="drag to zoom, double-click for all">
		<canvas ref=${canvas} role="img" aria-label="the whole trace, small"></canvas>
		${!whole && html`<div class="brush" style=${{ left: `${view[0] / end * 100}%`, width: `${(view[1] - view[0]) / end * 100}%` }}></div>`}</div>`;
}
