// SPDX-License-Identifier: Apache-2.0
// One stroke set, 16 px; always beside a label or under a tooltip.
import { html } from "./ui.js";

const PATHS = {
	search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
	sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
	moon: "M13.5 9.5A5.7 5.7 0 0 1 6.5 2.5a5.7 5.7 0 1 0 7 7Z",
	down: "M4 6l4 4 4-4", up: "M4 10l4-4 4 4", right: "M6 4l4 4-4 4", left: "M10 4L6 8l4 4",
	plus: "M8 3v10M3 8h10", x: "M4 4l8 8M12 4l-8 8", check: "M3 8.5l3.2 3L13 4.5",
	warn: "M8 2.2 14.5 13.5h-13L8 2.2ZM8 6.5v3.2M8 11.6v.3", info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.2V11M8 5v.2",
	clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.3 1.6", help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2M8 11.2v.2",
	copy: "M5.5 5.5h7v8h-7zM10.5 3.5v-1h-7v8h1", link: "M6.5 9.5l3-3M7 4.5l1-1a3 3 0 0 1 4.3 4.3l-1 1M9 11.5l-1 1a3 3 0 0 1-4.3-4.3l1-1",
	gear: "M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
	split: "M2.5 12.5V7.5M6.2 12.5v-9M9.8 12.5v-6M13.5 12.5v-4", filter: "M2 3.5h12L9.5 8.8v4L6.5 11V8.8L2 3.5Z",
	stop: "M4.5 4.5h7v7h-7z", fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10", cols: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
	edit: "M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3L10.5 3Z", trash: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5", part: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 2v12",
};

/** @param {{name: string, title?: string, size?: number}} p */
export const Icon = ({ name, title, size = 16 }) => html`<svg width=${size} height=${size} viewBox="0 0 16 16"
	fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"
	role=${title ? "img" : null} aria-label=${title} aria-hidden=${title ? null : "true"}>${title && html`<title>${title}</title>`}<path d=${PATHS[name]} /></svg>`;
