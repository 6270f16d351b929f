// SPDX-License-Identifier: Apache-2.0
// Asking the server. What was fetched stays shown until the new is there; equal
// questions at the same moment are asked once.
import { useEffect, useRef, useState } from "./ui.js";

/** @type {Map<string, {etag: string, data: any}>} */
const kept = new Map();
/** @type {Map<string, {answer: Promise<any>, since: number}>} */
const asking = new Map();
const KEPT_MAX = 300;

export class Problem extends Error {
	/** @param {number} status @param {any} body */
	constructor(status, body) {
		super(body?.error?.message || `the server answered ${status}`);
		this.status = status;
		this.at = body?.error?.at;
		this.word = body?.error?.word;
	}
}

async function fetchJson(url, options) {
	const have = kept.get(url);
	const r = await fetch(url, { credentials: "same-origin", ...options,
		headers: { Accept: "application/json", ...(have && !options ? { "If-None-Match": have.etag } : {}), ...(options?.headers || {}) } });
	if (r.status === 304 && have)
		return have.data;
	const text = await r.text();
	let data = null;
	try {
		data = text ? JSON.parse(text) : null;
	} catch {
		throw new Problem(r.status, { error: { message: "the answer was not whole; try again" } });
	}
	if (!r.ok)
		throw new Problem(r.status, data);
	const etag = r.headers.get("ETag");
	if (etag && !options) {
		if (kept.size >= KEPT_MAX)
			kept.delete(kept.keys().next().value || "");
		kept.set(url, { etag, data });
	}
	return data;
}

/** @param {string} path @param {Record<string, any>} [args] */
export function url(path, args = {}) {
	const q = new URLSearchParams();
	for (const [k, v] of Object.entries(args))
		if (v != null && v !== "")
			q.set(k, String(v));
	const s = q.toString();
	return `/api/v1/${path}${s ? "?" + s : ""}`;
}

/** @returns {Promise<any>} */
export function get(u) {
	let a = asking.get(u);
	if (!a) {
		a = { answer: fetchJson(u).finally(() => asking.delete(u)), since: Date.now() };
		asking.set(u, a);
	}
	return a.answer;
}
const SLOW_MS = 700;
/** For how long the oldest question has been without an answer, once that is long; else 0. In ms. */
export function waiting(now = Date.now()) {
	const since = Math.min(now, ...[...asking.values()].map((a) => a.since));
	return now - since > SLOW_MS ? now - since : 0;
}
export const put = (path, body) => fetchJson(url(path), { method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
export const remove = (path) => fetchJson(url(path), { method: "DELETE" });

/* The same question a second later is no reason to dim what is shown. */
const timeless = (u) => u.replace(/\b(from|to)=\d+/g, "");

/**
 * The answer to a URL, again whenever it changes. NULL asks nothing.
 * @param {string | null} u
 * @returns {{data: any, error: Problem | null, stale: boolean}}
 */
export function useGet(u) {
	const [state, setState] = useState({ data: /** @type {any} */ (u ? kept.get(u)?.data ?? null : null), error: /** @type {Problem | null} */ (null), of: "" });
	const current = useRef("");
	useEffect(() => {
		if (!u)
			return;
		current.current = u;
		get(u).then((data) => current.current === u && setState({ data, error: null, of: u }),
			(error) => current.current === u && setState((s) => ({ data: s.data, error, of: u })));
	}, [u]);
	useEffect(() => () => void (current.current = ""), []);
	return { data: u ? state.data : null, error: state.error, stale: !!u && !!state.data && timeless(state.of) !== timeless(u) };
}

// ---- live ---------------------------------------------------------------------------
/** @type {Set<(s: Stream) => void>} */
const watchers = new Set();
/** @typedef {{state: "up" | "down", tries: number, version: number, beats: number}} Stream */
/** @type {Stream} */
export const stream = { state: "up", tries: 0, version: 0, beats: 0 };
const tell = () => watchers.forEach((f) => f(stream));

export function watch(f) {
	watchers.add(f);
	return () => void watchers.delete(f);
}

/** As useGet, and again whenever something was stored: for what no range is part of. */
export function useLive(u) {
	const first = useGet(u), [later, setLater] = useState(/** @type {any} */ (null));
	useEffect(() => {
		let timer = 0;
		const ask = () => {
			timer = 0;
			get(u).then(setLater, () => {});
		};
		const unwatch = watch(() => {
			if (!timer)
				timer = setTimeout(ask, 300);
		});
		return () => {
			unwatch();
			clearTimeout(timer);
		};
	}, [u]);
	return { ...first, data: later ?? first.data };
}

export function openStream() {
	const source = new EventSource("/api/v1/events");
	source.addEventListener("change", (e) => {
		const version = Number(/** @type {MessageEvent} */ (e).data);
		Object.assign(stream, { state: "up", tries: 0, beats: stream.beats + (version !== stream.version ? 1 : 0), version });
		tell();
	});
	source.onopen = () => {
		Object.assign(stream, { state: "up", tries: 0 });
		tell();
	};
	source.onerror = () => {
		Object.assign(stream, { state: "down", tries: stream.tries + 1 });
		tell();
		if (source.readyState === EventSource.CLOSED)
			setTimeout(openStream, Math.min(1000 * stream.tries, 10000));
	};
}
