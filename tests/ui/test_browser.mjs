#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The page in Debian's Chromium, over the real binary and a filled store: its figures
// against `gentap query`, keys, themes, a small screen, axe-core, CSP, speed; TAP.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, launch, require } from "./browser.mjs";
import { TOKEN, gentap, goTo, open, query, serve } from "./page.mjs";
import { check, done, note, skip } from "./tap.mjs";

const shots = join(build, "ui-shots");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const REQUESTS = "span.op:gen_ai.request", RUNS = "span.op:gen_ai.invoke_agent", TOOLS = "span.op:gen_ai.execute_tool";
const close = (a, b) => a === b || (a == null) === (b == null) && Math.abs(Number(a) - Number(b)) <= 1e-9 * Math.max(1, Math.abs(Number(b)));

function canQuery() {
	try {
		execFileSync(process.env.GENTAP_QUERY || gentap, ["query", "--help"], { stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
}

const tile = (page, name) => page.$eval(`[data-tile="${name}"]`, (e) => /** @type {HTMLElement} */ (e).dataset.value);
const table = (page, name) => page.$$eval(`[role=region][aria-label="${name} table"] tbody tr[data-id]`, (rows) => rows.map((r) => ({ id: r.dataset.id, ...Object.fromEntries([...r.querySelectorAll("td[data-col]")].map((c) => [c.dataset.col, c.dataset.v === "" ? null : c.dataset.v])) })));

async function figures(page, url, db, range) {
	const at = `range=${range[0]}-${range[1]}`;
	for (const filter of ["", "model:claude-*"]) {
		const w = (base) => base + (filter ? ` and ${filter}` : ""), f = filter ? `&f=${encodeURIComponent(filter)}` : "", label = filter ? ` with ${filter}` : "";
		await goTo(page, `${url}/?${at}${f}`);
		const [r] = query(db, range, ["count", "p95:duration", "failure_rate"], w(RUNS)), [c] = query(db, range, ["count", "sum:gen_ai.usage.total_tokens", "sum:gentap.cost.total", "sum:gen_ai.usage.input_tokens.cached", "sum:gen_ai.usage.input_tokens"], w(REQUESTS)), [t] = query(db, range, ["count"], w(TOOLS));
		const want = { Runs: r.count, "p95 run": r["p95:duration"], "Error rate": r.count ? r.failure_rate : null, "LLM calls": c.count, Tokens: c["sum:gen_ai.usage.total_tokens"], Cost: c["sum:gentap.cost.total"], "Tool calls": t.count,
			"Cache hit": c["sum:gen_ai.usage.input_tokens"] ? c["sum:gen_ai.usage.input_tokens.cached"] / c["sum:gen_ai.usage.input_tokens"] : null };
		for (const [name, value] of Object.entries(want)) {
			const got = await tile(page, name);
			check(`overview: ${name}${label}`, close(got === "" ? null : got, value), `page ${got}, query ${value}`);
		}
		for (const [path, name, by] of [["/models", "models", "model"], ["/people", "people", "user"], ["/people/teams", "teams", "team"], ["/people/repos", "repos", "repo"], ["/people/agents", "agents", "agent"]]) {
			await goTo(page, `${url}${path}?${at}${f}`);
			const rows = await table(page, name), want = query(db, range, ["count", "sum:gentap.cost.total", "sum:gen_ai.usage.total_tokens", "p95:duration", "--group-by", by, "--limit", "500"], w(REQUESTS));
			const wrong = want.filter((x) => {
				const r = rows.find((y) => y.id === String(x[by] ?? ""));
				return !r || !close(r.calls, x.count) || !close(r.cost ?? null, x["sum:gentap.cost.total"]) || !close(r.tokens ?? null, x["sum:gen_ai.usage.total_tokens"]) || !close(r.p95 ?? null, x["p95:duration"]);
			});
			check(`${path}: as the query says${label}`, rows.length === want.length && !wrong.length, { wrong, rows: rows.slice(0, 3) });
		}
		await goTo(page, `${url}/tools?${at}${f}`);
		const tools = await table(page, "tools"), wantTools = query(db, range, ["count", "failure_rate", "p95:duration", "--group-by", "tool", "--limit", "300"], w(TOOLS));
		check(`/tools: as the query says${label}`, tools.length === wantTools.length && wantTools.every((x) => {
			const r = tools.find((y) => y.id === String(x.tool ?? ""));
			return r && close(r.calls, x.count) && close(r.error_rate, x.failure_rate) && close(r.p95, x["p95:duration"]);
		}), { tools: tools.slice(0, 2), want: wantTools.slice(0, 2) });
	}
	await goTo(page, `${url}/runs?${at}`);
	const [runs] = query(db, range, ["count"], RUNS), title = await page.$eval(".page .panel header h2", (e) => e.textContent);
	check("/runs: as many as the query says", title === `${runs.count} runs`, `${title}, ${runs.count}`);
}

async function live(page, url, db) {
	await goTo(page, `${url}/`);
	const before = Number(await tile(page, "LLM calls"));
	execFileSync(join(build, "ui", "fill"), [db, "2", "61"], { stdio: "ignore" });
	const began = Date.now();
	await page.waitForFunction((n) => Number(/** @type {HTMLElement} */ (document.querySelector('[data-tile="LLM calls"]')).dataset.value) > n, before, { timeout: 5000, polling: 20 }).catch(() => {});
	const after = Number(await tile(page, "LLM calls")), took = Date.now() - began;
	check("a new call appears by itself", after > before, { before, after });
	note(`a new call is on the page ${took} ms after its commit`);
}

async function walk(page, url) {
	await goTo(page, `${url}/`);
	const at = () => new URL(page.url()).pathname, press = async (...keys) => {
		for (const k of keys) {
			await page.keyboard.press(k);
			await page.waitForTimeout(60);
		}
	};
	for (const [key, path] of [["m", "/models"], ["t", "/tools"], ["p", "/people"], ["s", "/sessions"], ["c", "/coverage"], ["d", "/dashboards"], ["b", "/budgets"], ["o", "/"], ["r", "/runs"]]) {
		await press("g", key);
		check(`g ${key}`, at() === path, at());
	}
	await page.waitForSelector("tr[data-id]");
	await press("j", "j");
	check("j marks a row", await page.$$eval("tr[aria-selected=true]", (r) => r.length) === 1);
	await press("Enter");
	await page.waitForSelector(".wf-row");
	check("Enter opens the run", /^\/runs\/[0-9a-f]{32}$/.test(at()), at());
	const rows = () => page.$eval(".wf-scroll", (e) => Number(e.getAttribute("aria-rowcount")));
	const all = await rows();
	await press("[");
	check("[ collapses", await rows() <= all);
	await press("]", "j", "j");
	check("] expands, j moves", await rows() === all && await page.$eval(".wf-row.sel", (e) => e.previousElementSibling !== null));
	const chosen = await page.$eval(".wf-row.sel", (e) => /** @type {HTMLElement} */ (e).dataset.span);
	check("the span stands in the URL", page.url().includes(`span=${chosen}`), page.url());
	await press("Escape");
	check("Esc closes the details", await page.$(".details") === null);
	await press("Enter");
	check("Enter opens them", await page.waitForSelector(".details", { timeout: 2000 }).then(() => true, () => false));
	await press("Escape", "Escape");
	check("Esc goes back to the runs", at() === "/runs", at());
	await press("?");
	check("? lists the keys", await page.$(".dialog .keys") !== null);
	await press("Escape", "/");
	await page.keyboard.type("tools");
	await page.waitForTimeout(150);
	await press("Enter");
	check("the palette goes to a page", at() === "/tools", at());
	await press("Control+k");
	await page.keyboard.type("count --where span.op:gen_ai.request --group-by model");
	await press("Enter");
	check("the palette answers a query", await page.waitForSelector(".palette .answer td", { timeout: 10000 }).then(() => true, () => false));
	await press("Escape", "L");
	check("L holds still", page.url().includes("live=0"), page.url());
	await press("L", "$");
	check("$ counts tokens", page.url().includes("unit=tokens"), page.url());
	await press("$", "f");
	await page.keyboard.type("model:gpt-5.1");
	await press("Enter");
	check("f filters", page.url().includes("f=model:gpt-5.1"), page.url());
	await page.goBack();
	check("back takes the filter away", !page.url().includes("f=model"), page.url());
	await press("b");
	check("b opens the breakdown", await page.$(".menu") !== null);
	await press("Escape");
	await goTo(page, `${url}/models`);
	await press("j", "Enter");
	check("a row opens in place", page.url().includes("open.models="), page.url());
	await page.reload();
	check("a deep link shows the same", await page.waitForSelector(".inside-body .panel", { timeout: 5000 }).then(() => true, () => false));
	/* Everything can be reached by Tab, and what has the focus shows it. */
	await goTo(page, `${url}/`);
	await page.click("body", { position: { x: 2, y: 500 } });
	let seen = 0;
	for (let i = 0; i < 25; i++) {
		await page.keyboard.press("Tab");
		seen += await page.evaluate(() => document.activeElement !== document.body && getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle !== "none" ? 1 : 0);
	}
	check("Tab shows where it is", seen >= 20, seen);
}

/* Overview, Models and Tools are dashboard files: one's own takes the place of ours. */
async function pagesAreFiles(page, url) {
	const widgets = [{ title: "Calls", kind: "big", query: "count --where span.op:gen_ai.request", x: 0, y: 0, w: 4, h: 2 }, { title: "", kind: "part", query: "figures", x: 0, y: 2, w: 12, h: 1 }];
	const send = (method, body) => page.evaluate(async ([m, b]) => (await fetch("/api/v1/dashboards/tools", { method: m, body: b })).status, [method, body]);
	await goTo(page, `${url}/tools`);
	check("the Tools page is its file", await page.$("table[aria-label=tools], .board .part"));
	check("a copy of it is kept", (await send("PUT", JSON.stringify({ title: "Ours", widgets }))) === 200);
	await goTo(page, `${url}/tools`);
	await page.waitForSelector(".widget .big");
	check("and is the page then", (await page.textContent("h1")).startsWith("Ours") && await page.$("[data-tile]"));
	check("without it, ours is back", (await send("DELETE")) === 200);
	await goTo(page, `${url}/tools`);
	await page.waitForSelector("h1");
	check("as it was", (await page.textContent("h1")).startsWith("Tools"));
}

/* What an empty page tells to type is what the program takes. */
async function taught(page, url, db) {
	await goTo(page, `${url}/budgets`);
	const command = await page.textContent(".empty .cmd code").catch(() => "");
	let status = 0;
	try {
		execFileSync(gentap, [...(command || "none").split(/\s+/).slice(1), "--db", db], { stdio: "ignore" });
		execFileSync(gentap, ["budget", "set", "research", "--delete", "--db", db], { stdio: "ignore" });
	} catch (e) {
		status = e.status;
	}
	check("the command that Budgets teaches works", command?.startsWith("gentap budget set ") && status === 0, `${command}: ${status}`);
}

/* What stands on the newer parts is what the API says. */
async function parts(page, url) {
	const api = (path) => page.evaluate(async (p) => (await fetch(p)).json(), path), to = Date.now(), from = to - 3600e3, span = `from=${from}&to=${to}`;
	await goTo(page, `${url}/?range=${from}-${to}`);
	const spend = await api(`/api/v1/query?select=sum:gentap.cost.total+refused&where=${REQUESTS}&group_by=model&${span}`), words = await page.getAttribute(".plot[role=img][aria-label^='Cost by model']", "aria-label") || "";
	const paid = spend.rows.filter((r) => r[1] > 0), free = spend.rows.filter((r) => r[1] == null);
	check("the cost chart in words: each model with its last figure", paid.length > 2 && paid.every((r) => new RegExp(`${r[0]} last \\$\\d`).test(words)) && free.every((r) => words.includes(`${r[0]} last –`)), { words, rows: spend.rows });
	await goTo(page, `${url}/models?range=${from}-${to}`);
	const refused = spend.rows.filter((r) => r[2] > 0 && r[1] > 0), titles = await page.$$eval("[aria-label='models table'] td[data-col=cost] .num", (e) => e.map((x) => x.getAttribute("title")));
	check("what was refused is told beside a cost", refused.length > 0 && refused.every((r) => titles.some((t) => t?.includes(`${r[2] === 1 ? "1 call" : `${r[2]} calls`} refused`))), { refused, titles });
	let late = true;
	await page.route("**/api/v1/query?**", async (route) => {
		if (late)
			await new Promise((r) => setTimeout(r, 1500));
		await route.continue().catch(() => { /* the page has gone on */ });
	});
	await page.goto(`${url}/models?f=gen_ai.request.stream:true`);
	check("what takes long says so", await page.waitForSelector(".slow", { timeout: 5000 }).then(() => true, () => false));
	late = false;
	check("and no longer than it takes", await page.waitForSelector(".slow", { state: "detached", timeout: 15000 }).then(() => true, () => false));
	await page.unrouteAll({ behavior: "ignoreErrors" });
	await goTo(page, `${url}/?latency=spread&range=${from}-${to}`);
	const total = await api(`/api/v1/query?select=count&where=${REQUESTS}&${span}`), label = await page.getAttribute(".heat svg", "aria-label") || "";
	const shown = [...label.matchAll(/ (\d+)(?:,|$)/g)].reduce((n, m) => n + Number(m[1]), 0);
	check("the spread has every call once", shown === total.rows[0][0], `${shown}, ${total.rows[0][0]}: ${label}`);
	await goTo(page, `${url}/models?range=${from}-${to}`);
	const limits = await api(`/api/v1/limits?${span}`), rows = await page.$$eval("[aria-label='limits table'] tbody tr[data-id]", (r) => r.length);
	check("rate limits as they were told", limits.limits.length > 0 && rows === limits.limits.length, `${rows}, ${limits.limits.length}`);
	const lost = await api(`/api/v1/query?select=partial&where=${REQUESTS}&${span}`), notes = await page.textContent(".marks") || "";
	check("what was lost and changed is told", notes.includes(`${lost.rows[0][0]} calls were not wholly seen`) && /priced by the list of/.test(notes), notes);
	const table = await api(`/api/v1/runs?limit=500&${span}`), at = (n) => table.columns.findIndex((c) => c.name === n), run = table.rows.find((r) => r[at("task")]);
	await goTo(page, `${url}/sessions/${encodeURIComponent(run[at("session")])}`);
	const turn = await page.waitForSelector(".turn .msg", { timeout: 5000 }).then(() => page.$$eval(".turn .msg.user pre", (e) => e.map((x) => x.textContent)), () => []);
	check("a session reads as a conversation", turn.some((t) => t?.startsWith(run[at("task")].slice(0, 40))), turn);
	await goTo(page, `${url}/runs?range=${from}-${to}`);
	check("a run's task is in its row", (await page.textContent("[aria-label='runs table']"))?.includes(run[at("task")].slice(0, 40)));
}

async function addresses(page, url) {
	await goTo(page, `${url}/`);
	const [run, session] = await page.evaluate(async () => {
		const get = async (u) => (await fetch(u)).json(), r = await get("/api/v1/runs?limit=200"), s = await get("/api/v1/sessions?limit=1");
		const at = (t, n) => t.columns.findIndex((c) => c.name === n);
		const one = r.rows.filter((x) => x[at(r, "tools")] < 30).sort((a, b) => b[at(r, "tools")] - a[at(r, "tools")])[0];
		return [one[at(r, "trace_id")], s.rows[0][at(s, "session")]];
	});
	return { overview: "/", runs: "/runs", trace: `/runs/${run}`, models: "/models", "models-open": "/models?open.models=claude-sonnet-4-6", tools: "/tools?open.tools=Bash", people: "/people", sessions: "/sessions", session: `/sessions/${encodeURIComponent(session)}`,
		coverage: "/coverage", dashboards: "/dashboards", board: "/dashboards/models", budgets: "/budgets", settings: "/settings" };
}

async function everyPage(browser, url) {
	mkdirSync(shots, { recursive: true });
	for (const theme of ["light", "dark"]) {
		const { context, page, wrong } = await open(browser, url, { colorScheme: theme });
		for (const [name, path] of Object.entries(await addresses(page, url))) {
			await goTo(page, url + path);
			await page.screenshot({ path: join(shots, `${name}-${theme}.png`) });
			await page.evaluate(AXE);
			const found = await page.evaluate(async () => (await /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] })).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(" | ")}`));
			check(`axe: ${name} ${theme}`, !found.length, found.join("\n"));
		}
		check(`CSP, console, network: nothing to say, ${theme}`, !wrong.length, wrong.join("\n"));
		await context.close();
	}
}

async function small(browser, url) {
	const { context, page } = await open(browser, url, { viewport: { width: 360, height: 740 }, hasTouch: true });
	for (const [name, path] of Object.entries(await addresses(page, url))) {
		await goTo(page, url + path);
		const width = await page.evaluate(() => document.documentElement.scrollWidth);
		check(`360 px: ${name}`, width <= 360, width);
		await page.screenshot({ path: join(shots, `${name}-small.png`) });
	}
	await context.close();
}

async function speed(browser, url) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 960 } }), page = await context.newPage();
	await page.goto(`${url}/?token=${TOKEN}`);
	await page.waitForSelector("[data-tile]");
	const paints = [];
	for (let i = 0; i < 7; i++) {
		await page.goto(`${url}/`);
		await page.waitForSelector("[data-tile]");
		paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0));
	}
	const median = paints.sort((a, b) => a - b)[3];
	note(`first contentful paint ${median.toFixed(0)} ms (median of ${paints.map((p) => p.toFixed(0)).join(", ")})`);
	check("first paint", median > 0 && median < 1000, paints);
	const id = await page.evaluate(async () => {
		const r = await (await fetch("/api/v1/runs?limit=5000")).json(), at = (n) => r.columns.findIndex((c) => c.name === n);
		return r.rows.sort((a, b) => b[at("tools")] - a[at("tools")])[0][at("trace_id")];
	});
	const began = Date.now();
	await page.goto(`${url}/runs/${id}`);
	await page.waitForSelector(".wf-row");
	note(`a trace of ${await page.$eval(".wf-scroll", (e) => e.getAttribute("aria-rowcount"))} spans is drawn ${Date.now() - began} ms after the click`);
	/* The processor time of the page's thread is what a busy machine does not stretch. */
	const cdp = await context.newCDPSession(page);
	await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
	const spent = async () => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration")?.value || 0;
	const before = await spent();
	const frames = await page.evaluate(() => new Promise((done) => {
		const el = /** @type {HTMLElement} */ (document.querySelector(".wf-scroll")), times = [];
		let last = performance.now(), most = 0;
		const step = (now) => {
			times.push(now - last);
			last = now;
			el.scrollTop += 180;
			most = Math.max(most, document.querySelectorAll(".wf-row").length);
			times.length < 240 ? requestAnimationFrame(step) : done({ times: times.slice(5).sort((a, b) => a - b), most, top: el.scrollTop });
		};
		requestAnimationFrame(step);
	}));
	const cpu = (await spent() - before) * 1000 / 240;
	const mid = frames.times[Math.floor(frames.times.length / 2)], slow = frames.times[Math.floor(frames.times.length * 0.95)];
	note(`scrolling it: ${(1000 / mid).toFixed(0)} frames a second (median ${mid.toFixed(1)} ms, p95 ${slow.toFixed(1)} ms), ${cpu.toFixed(1)} ms of processor time a frame, at most ${frames.most} rows in the document`);
	check("10,000 spans scroll", frames.top > 20000 && frames.most < 160 && cpu < 16.7, { cpu, mid, slow, most: frames.most, top: frames.top });
	await context.close();
}

const folder = mkdtempSync(join(tmpdir(), "gentap-browser-")), db = join(folder, "t.db");
let server, browser;
try {
	execFileSync(join(build, "ui", "fill"), [db, "120", "3600", "10000"], { stdio: ["ignore", "ignore", "ignore"] });
	const end = Math.floor(Date.now() / 1000) * 1000, range = [end - 3600000, end];
	server = await serve(db);
	browser = await launch();
	const { context, page, wrong } = await open(browser, server.url);
	if (canQuery())
		await figures(page, server.url, db, range);
	else
		skip("figures as the query says", "this gentap has no query command");
	await walk(page, server.url);
	await live(page, server.url, db);
	await pagesAreFiles(page, server.url);
	await taught(page, server.url, db);
	await parts(page, server.url);
	check("nothing to say on the console", !wrong.length, wrong.join("\n"));
	await context.close();
	await speed(browser, server.url);
	await everyPage(browser, server.url);
	await small(browser, server.url);
} catch (e) {
	check("the test itself", false, e.stack);
} finally {
	await browser?.close();
	server?.child.kill("SIGTERM");
	rmSync(folder, { recursive: true, force: true });
}
done();
