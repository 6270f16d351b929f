#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// What one takes away from the page and arranges on it: each table as CSV, JSON and Markdown,
// a trace as OTLP JSON and Markdown, the runs of a session one by one, widgets by drag and by
// keyboard; each against what the store says; TAP.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, launch } from "./browser.mjs";
import { gentap, goTo, open, query, serve } from "./page.mjs";
import { check, done } from "./tap.mjs";

const PAGES = { "/runs": ["runs"], "/models": ["models", "limits"], "/tools": ["tools"], "/people": ["people"], "/people/teams": ["teams"], "/people/repos": ["repos"], "/people/agents": ["agents"], "/sessions": ["sessions"] };

/** RFC 4180, with the apostrophe before what a spreadsheet would take for a formula gone. */
function parseCsv(text) {
	const rows = [[]];
	let cell = "", quoted = false;
	for (let i = 0; i < text.length; i++) {
		const c = text[i];
		if (quoted && c === '"' && text[i + 1] === '"')
			cell += text[++i];
		else if (c === '"')
			quoted = !quoted;
		else if (!quoted && (c === "," || c === "\r")) {
			rows.at(-1)?.push(cell);
			cell = "";
			if (c === "\r" && text[++i] === "\n" && i + 1 < text.length)
				rows.push([]);
		} else
			cell += c;
	}
	return rows;
}

async function download(page, name, item) {
	await page.click(`button[aria-label="Export ${name}"]`);
	const [file] = await Promise.all([page.waitForEvent("download", { timeout: 5000 }), page.click(`.menu .item:has-text("${item}")`)]);
	return [file.suggestedFilename(), readFileSync(await file.path(), "utf8")];
}
async function copied(page, open, item) {
	await page.evaluate(() => navigator.clipboard.writeText(""));
	await page.click(open);
	await page.click(`.menu .item:has-text("${item}")`);
	await page.waitForFunction(async () => (await navigator.clipboard.readText()).length > 0, null, { timeout: 10000 }).catch(() => {});
	return page.evaluate(() => navigator.clipboard.readText());
}

/* The whole table, and beside what is drawn: a long one has only some of its rows in the document. */
async function exports(page, url, range) {
	for (const [path, names] of Object.entries(PAGES)) {
		await goTo(page, `${url}${path}?range=${range[0]}-${range[1]}`);
		for (const name of names) {
			const label = `${path} ${name}`, region = `[role=region][aria-label="${name} table"]`;
			await page.waitForSelector(`${region} tbody tr[data-id]`);
			const drawn = await page.$$eval(`${region} tbody tr[data-id]`, (rows) => rows.map((r) => Object.fromEntries([...r.querySelectorAll("td[data-col]")].filter((c) => c.hasAttribute("data-v")).map((c) => [c.dataset.col, c.dataset.v]))));
			const [jsonName, jsonText] = await download(page, name, "JSON"), json = JSON.parse(jsonText), [csvName, csvText] = await download(page, name, "CSV"), csv = parseCsv(csvText);
			const md = (await copied(page, `button[aria-label="Export ${name}"]`, "Markdown")).trim().split("\n");
			check(`${label}: the files have names`, jsonName === `gentap-${name}.json` && csvName === `gentap-${name}.csv`, `${jsonName}, ${csvName}`);
			const wrong = drawn.filter((d, i) => Object.entries(d).some(([k, v]) => String(json[i]?.[k] ?? "") !== v));
			check(`${label}: JSON has what is drawn`, json.length >= drawn.length && drawn.length > 0 && !wrong.length, { wrong: wrong[0], json: json[0], lengths: [json.length, drawn.length] });
			const keys = csv[0], differ = json.filter((o, i) => keys.some((k, n) => String(o[k] ?? "") !== csv[i + 1]?.[n].replace(/^'(?=[=+\-@])/, "")));
			check(`${label}: CSV says the same`, csv.length === json.length + 1 && keys.length === Object.keys(json[0]).length && !differ.length, { differ: differ[0], csv: csv.slice(0, 2) });
			const head = await page.$$eval(`${region} thead th`, (th) => th.map((x) => x.textContent.trim()));
			check(`${label}: Markdown has each row`, md.length === json.length + 2 && md.every((l) => l.startsWith("| ") || l.startsWith("|--") || l.startsWith("|:")) && head.every((h) => md[0].includes(`| ${h} |`)), md.slice(0, 3));
		}
	}
	const [runs] = query(db, range, ["count"], "span.op:gen_ai.invoke_agent");
	await goTo(page, `${url}/runs?range=${range[0]}-${range[1]}`);
	check("all runs are exported, not those in sight", JSON.parse((await download(page, "runs", "JSON"))[1]).length === runs.count, runs);
}

/* https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hex, 64 bits as text, enums as numbers. */
function otlpFault(o) {
	const one = (v) => Object.keys(v).length === 1 && /^(string|int|double|bool|array)Value$/.test(Object.keys(v)[0]) && (!("intValue" in v) || /^-?\d+$/.test(v.intValue)) && (!v.arrayValue || v.arrayValue.values.every(one));
	const attributes = (a) => a.every((x) => typeof x.key === "string" && one(x.value)) && new Set(a.map((x) => x.key)).size === a.length;
	for (const r of o.resourceSpans) {
		if (!attributes(r.resource.attributes))
			return ["resource", r.resource];
		for (const s of r.scopeSpans.flatMap((x) => x.spans))
			if (!/^[0-9a-f]{32}$/.test(s.traceId) || !/^[0-9a-f]{16}$/.test(s.spanId) || !(s.parentSpanId === undefined || s.parentSpanId === "" || /^[0-9a-f]{16}$/.test(s.parentSpanId)) || !s.name || !Number.isInteger(s.kind) || s.kind < 1 || s.kind > 5 ||
				!/^\d{19}$/.test(s.startTimeUnixNano) || !/^\d{19}$/.test(s.endTimeUnixNano) || BigInt(s.endTimeUnixNano) < BigInt(s.startTimeUnixNano) || !attributes(s.attributes) || !(s.status.code === undefined || s.status.code === 2))
				return ["span", s];
	}
	return null;
}

async function traceCopies(page, url, range) {
	const api = (path) => page.evaluate(async (p) => (await fetch(p)).json(), path), table = await api(`/api/v1/runs?limit=500&from=${range[0]}&to=${range[1]}`), at = (n) => table.columns.findIndex((c) => c.name === n);
	const run = table.rows.filter((r) => r[at("errors")] > 0 && r[at("tools")] < 60).sort((a, b) => b[at("calls")] - a[at("calls")])[0], id = run[at("trace_id")], full = await api(`/api/v1/traces/${id}?full=1`);
	await goTo(page, `${url}/runs/${id}`);
	const menu = 'button[aria-label="Copy this trace"]', otlp = JSON.parse(await copied(page, menu, "As OTLP JSON")), spans = otlp.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));
	check("OTLP JSON is as its encoding has it", otlpFault(otlp) === null, otlpFault(otlp));
	const wrong = full.spans.filter((s) => {
		const o = spans.find((x) => x.spanId === s.id), value = (k) => Object.values(o?.attributes.find((a) => a.key === k)?.value || {})[0];
		return !o || o.traceId !== id || (o.parentSpanId || "") !== (s.parent || "") || o.startTimeUnixNano !== s.start_unix_ns || Number(BigInt(o.endTimeUnixNano) - BigInt(o.startTimeUnixNano)) !== s.duration || (o.status.code === 2) !== !!s.error ||
			Object.entries(s.attributes).some(([k, v]) => v != null && (typeof v === "object" ? false : String(value(k)) !== String(v)));
	});
	check("and has every span, with all its attributes", spans.length === full.spans.length && spans.length > 3 && !wrong.length, { wrong: wrong[0], n: [spans.length, full.spans.length] });
	const [asked] = query(db, [range[0], range[1] + 60000], ["sum:gen_ai.usage.input_tokens", "count"], `trace_id:${id} and span.op:gen_ai.request`), told = spans.flatMap((s) => s.attributes.filter((a) => a.key === "gen_ai.usage.input_tokens")).reduce((n, a) => n + Number(a.value.intValue), 0);
	check("its tokens are the query's", told === asked["sum:gen_ai.usage.input_tokens"] && told > 0, `${told}, ${JSON.stringify(asked)}`);
	const md = (await copied(page, menu, "As Markdown")).trimEnd().split("\n");
	check("Markdown has a line for each span", md.length === full.spans.length && md.every((l) => /^ *- \S/.test(l)) && md.some((l) => l.startsWith("  - ")) && md.some((l) => l.includes("✕")), md.slice(0, 4));
	check("the id", await copied(page, menu, "Trace id") === id);
	check("the link leads here", await copied(page, menu, "Link") === page.url(), page.url());
	await page.evaluate(() => navigator.clipboard.writeText(""));
	await page.click(".wf-scroll");
	await page.keyboard.press("y");
	await page.waitForFunction(async () => (await navigator.clipboard.readText()).length > 0, null, { timeout: 5000 }).catch(() => {});
	check("y copies the Markdown", (await page.evaluate(() => navigator.clipboard.readText())).trimEnd() === md.join("\n"));
}

/* From the first run of a session to its last and back. */
async function neighbours(page, url, range) {
	const table = await page.evaluate(async ([from, to]) => (await fetch(`/api/v1/runs?limit=500&from=${from}&to=${to}`)).json(), range), at = (n) => table.columns.findIndex((c) => c.name === n), by = new Map();
	for (const r of table.rows)
		by.set(r[at("session")], [...(by.get(r[at("session")]) || []), r]);
	const [session, list] = [...by].find(([, rows]) => rows.length >= 3) || [null, []], when = (r) => Number(new Date(r[at("start")])), runs = list.sort((a, b) => when(a) - when(b));
	check("there is a session of several runs", runs.length >= 3, session);
	await goTo(page, `${url}/runs/${runs[0][at("trace_id")]}`);
	const here = () => page.textContent('[title="runs of this session"]'), link = (name) => page.$(`.runlinks a:has-text("${name}")`);
	await page.waitForSelector('[title="runs of this session"]');
	check("the first has none before it", await link("previous") === null && await here() === `1 of ${runs.length}`, await here());
	const follow = async (name, n) => {
		await (await link(name))?.click();
		await page.waitForFunction((t) => document.querySelector('[title="runs of this session"]')?.textContent === t, `${n + 1} of ${runs.length}`, { timeout: 5000 }).catch(() => {});
		check(`${name} leads to run ${n + 1} of the session`, new URL(page.url()).pathname === `/runs/${runs[n][at("trace_id")]}` && page.url().includes(runs[n][at("run")]) && await here() === `${n + 1} of ${runs.length}`, `${page.url()}, ${await here()}`);
	};
	for (let n = 1; n < runs.length; n++)
		await follow("next", n);
	check("the last has none behind it", await link("next") === null);
	await follow("previous", runs.length - 2);
}

const places = (page) => page.evaluate(async () => (await (await fetch("/api/v1/dashboards/work")).json()).widgets.map((w) => [w.x, w.y, w.w, w.h]));
async function dashboards(page, url) {
	const widget = (n) => page.locator(".widget").nth(n), widgets = [{ title: "One", kind: "big", query: "count", x: 0, y: 0, w: 3, h: 2 }, { title: "Two", kind: "table", query: "count --group-by model", x: 3, y: 0, w: 4, h: 3 }];
	await page.evaluate(async (b) => fetch("/api/v1/dashboards/work", { method: "PUT", body: JSON.stringify(b) }), { title: "Work", widgets });
	const edit = async () => {
		await goTo(page, `${url}/dashboards/work`);
		await page.click('button:has-text("Edit")');
		await page.waitForSelector(".board.edit");
	}, save = async () => {
		await Promise.all([page.waitForNavigation(), page.click('button:has-text("Save")')]);
		await page.waitForSelector(".widget");
		return JSON.stringify(await places(page));
	};
	const drag = async (n, on, dx, dy) => {
		const board = await page.locator(".board").boundingBox(), box = await widget(n).locator(on).boundingBox(), x = box.x + Math.min(20, box.width / 2), y = box.y + box.height / 2;
		await page.mouse.move(x, y);
		await page.mouse.down();
		for (let i = 1; i <= 4; i++)
			await page.mouse.move(x + dx * board.width / 12 * i / 4, y + dy * 76 * i / 4);
		await page.mouse.up();
	};
	await edit();
	await drag(0, "header", 4, 3);
	check("a widget is dragged", await save() === "[[4,3,3,2],[3,0,4,3]]", await places(page));
	await edit();
	await drag(0, "header", 2, 0);
	await drag(0, "header", -1, 1);
	await drag(1, ".size", 2, 1);
	check("again, from where it is; and made larger", await save() === "[[5,4,3,2],[3,0,6,4]]", await places(page));
	await edit();
	await drag(1, "header", 20, -5);
	check("not out of the board", await save() === "[[5,4,3,2],[6,0,6,4]]", await places(page));
	await edit();
	await drag(0, "header", 1, -3);
	check("what is in the way makes room", await save() === "[[6,1,3,2],[6,3,6,4]]", await places(page));
	await edit();
	await drag(0, "header", -1, 6);
	await drag(1, "header", 0, -3);
	check("and can go back", await save() === "[[5,7,3,2],[6,0,6,4]]", await places(page));
	await edit();
	await widget(0).focus();
	for (const key of ["ArrowLeft", "ArrowLeft", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "ArrowUp", "ArrowUp"])
		await page.keyboard.press(key);
	check("arrows move, Shift and arrows resize", await save() === "[[3,6,3,4],[6,0,6,4]]", await places(page));
	check("the terminal has it", JSON.parse(execFileSync(gentap, ["dashboard", "export", "work", "--db", db], { encoding: "utf8" })).widgets[0].x === 3);
	await edit();
	await widget(0).focus();
	await page.keyboard.press("ArrowRight");
	await page.click('button:has-text("Discard")');
	check("what is discarded is not kept", JSON.stringify(await places(page)) === "[[3,6,3,4],[6,0,6,4]]", await places(page));
	await page.click('button:has-text("Edit")');
	await page.click('button[aria-label="Edit Two"]');
	await page.fill(".editor textarea", "count --group-by nonsense --where '(model:a'");
	await page.waitForSelector(".editor [aria-invalid=true]", { timeout: 5000 }).catch(() => {});
	check("a wrong query cannot be kept", await page.isDisabled('.editor button:has-text("Keep")') && await page.$(".editor [aria-invalid=true]") !== null);
	await page.fill(".editor textarea", "sum:gentap.cost.total --group-by user");
	await page.waitForSelector(".editor table.data td", { timeout: 5000 }).catch(() => {});
	await page.click('.editor button:has-text("Keep")');
	await page.click('button[aria-label="Remove One"]');
	await save();
	check("a widget is changed, one is removed", await page.evaluate(async () => JSON.stringify((await (await fetch("/api/v1/dashboards/work")).json()).widgets.map((w) => w.query))) === '["sum:gentap.cost.total --group-by user"]');
}

const folder = mkdtempSync(join(tmpdir(), "gentap-work-")), db = join(folder, "t.db");
let server, browser;
try {
	execFileSync(join(build, "ui", "fill"), [db, "150", "3600"], { stdio: ["ignore", "ignore", "ignore"] });
	const end = Math.floor(Date.now() / 1000) * 1000, range = [end - 3600000, end];
	server = await serve(db);
	browser = await launch();
	const { context, page, wrong } = await open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"], acceptDownloads: true });
	await exports(page, server.url, range);
	await traceCopies(page, server.url, range);
	await neighbours(page, server.url, range);
	await dashboards(page, server.url);
	const unasked = wrong.filter((w) => !/ 4\d\d|^4\d\d: .*line\?/.test(w));
	check("nothing to say on the console", !unasked.length, unasked.join("\n"));
	await context.close();
} catch (e) {
	check("the test itself", false, e.stack);
} finally {
	await browser?.close();
	server?.child.kill("SIGTERM");
	rmSync(folder, { recursive: true, force: true });
}
done();
